/**
 * Recognises services that speak TLS where the contract says http: asked in plain, most of them close the connection
 * without a word. What failed that way is offered a handshake, so that its owner can be told what to write.
 */
import type { Clock } from '../lib/clock.ts';
import { errnoOf } from '../lib/errors.ts';
import { UnusableResponseError, type Target } from '../proxy/engine/engine.ts';

/** Milliseconds for which a target that spoke no TLS is not looked at again. */
const LOOK_EVERY = 5_000;

/** Of a target: what is said of an `error` that came from no listener. */
const NOBODY = ['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'];

export interface TlsFinder {
  /** Whether the target was found to speak TLS. */
  knows(target: Pick<Target, 'host' | 'port'>): boolean;
  /** Looks, if that may be why the target failed with the error. @returns whether it is */
  suspect(target: Target, error: Error): Promise<boolean>;
  /** Forgets all others: what comes next may be on the same port. */
  keep(targets: readonly Target[]): void;
}

export interface TlsFinderOptions {
  readonly clock: Clock;
  readonly look: (target: Target) => Promise<boolean>;
}

export function createTlsFinder({ clock, look }: TlsFinderOptions): TlsFinder {
  const looks = new Map<string, { readonly at: number; readonly speaks: Promise<boolean> }>();
  const known = new Set<string>();
  return {
    knows: (target) => known.size > 0 && known.has(nameOf(target)),
    suspect: async (target, error) => {
      if (target.protocol !== 'http' || !isSuspicious(error)) return false;
      const name = nameOf(target);
      const last = looks.get(name);
      if (last !== undefined && clock.now() - last.at < LOOK_EVERY) return last.speaks;
      const speaks = look(target);
      looks.set(name, { at: clock.now(), speaks });
      const found = await speaks;
      if (found) known.add(name);
      else known.delete(name);
      return found;
    },
    keep: (targets) => {
      if (looks.size === 0) return;
      const names = new Set(targets.filter(({ protocol }) => protocol === 'http').map(nameOf));
      for (const name of looks.keys()) if (!names.has(name)) looks.delete(name);
      for (const name of known) if (!names.has(name)) known.delete(name);
    },
  };
}

/** An answer in HTTP, or none because nobody is there, comes from no listener that waits for a handshake. */
const isSuspicious = (error: Error): boolean =>
  !(error instanceof UnusableResponseError) && !NOBODY.includes(errnoOf(error) ?? '');

const nameOf = ({ host, port }: Pick<Target, 'host' | 'port'>): string => `${host}:${port}`;
