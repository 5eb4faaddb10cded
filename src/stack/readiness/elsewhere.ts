/** What an instance has opened while its own port is silent: which of the numbers may be what the port was meant for. */
import type { Clock } from '../../lib/clock.ts';
import type { Sighting } from '../../protocol/messages.ts';
import type { ElsewhereFacts } from './assess.ts';

export interface ElsewhereOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Runs a task once after so many milliseconds, unless the watch has ended. */
  readonly later: (ms: number, task: () => void) => void;
  /** Whether a server of the service's kind answers on the number; undefined when that cannot be told yet. */
  readonly qualifies: (number: number) => Promise<boolean | undefined>;
  readonly onChange: () => void;
}

export interface Elsewhere {
  readonly facts: ElsewhereFacts | undefined;
  /** Whether the instance listens on the number, whatever answers there. */
  readonly has: (number: number) => boolean;
  readonly see: (opened: Sighting['opened']) => void;
}

interface Opened {
  readonly since: number;
  readonly lease: string | undefined;
  readonly shared: boolean;
  isServer?: boolean;
}

/** Milliseconds until a number that did not say what it is is asked again. */
const AGAIN = 1_000;

export function watchElsewhere({ clock, later, qualifies, onChange }: ElsewhereOptions): Elsewhere {
  let known = new Map<number, Opened>();

  const check = async (number: number, opened: Opened): Promise<void> => {
    // A look that could not be taken has found nothing out: it is taken again.
    const isServer = await qualifies(number).catch(() => undefined);
    if (known.get(number) !== opened) return;
    if (isServer === undefined) return later(AGAIN, () => void check(number, opened));
    opened.isServer = isServer;
    onChange();
  };

  return {
    get facts() {
      const servers = [...known].filter(([, { isServer }]) => isServer === true);
      if (servers.length === 0) return undefined;
      return {
        numbers: servers.map(([number]) => number),
        since: Math.max(...servers.map(([, { since }]) => since)),
        leases: servers.flatMap(([, { lease }]) => lease ?? []),
        ...(servers.some(([, { shared }]) => shared) ? { shared: true } : {}),
      };
    },
    has: (number) => known.has(number),
    see: (opened) => {
      const last = known;
      known = new Map(
        opened.map(({ number, lease, shared = false }) => {
          const before = last.get(number);
          const isSame = before !== undefined && before.lease === lease && before.shared === shared;
          return [number, isSame ? before : { since: before?.since ?? clock.now(), lease, shared }];
        }),
      );
      for (const [number, one] of known) if (last.get(number) !== one) void check(number, one);
    },
  };
}
