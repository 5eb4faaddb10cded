/** A service that runs is left alone when something that it needs fails: it may get on without. It is told. */
import type { Verdict } from './needs.ts';

export interface NeedTeller {
  /** What has become of its needs while it runs. */
  see(verdict: Verdict): void;
  /** It does not run: what is missing is in its state. */
  reset(): void;
}

/** Tells once that a need failed, and once that it is back. */
export function tellFailedNeeds(tell: (text: string) => void): NeedTeller {
  let failed: string | undefined;
  return {
    see: (verdict) => {
      if (verdict.kind === 'failed' && verdict.need !== failed) {
        failed = verdict.need;
        tell(`${failed}, which it needs, failed: ${verdict.message}; it runs on`);
      }
      if (verdict.kind === 'met' && failed !== undefined) {
        tell(`${failed}, which it needs, is back`);
        failed = undefined;
      }
    },
    reset: () => {
      failed = undefined;
    },
  };
}
