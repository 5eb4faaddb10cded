/** What an instance has opened while its own port is silent: which of the numbers may be what the port was meant for. */
import type { Clock } from '../../lib/clock.ts';
import type { Sighting } from '../../protocol/messages.ts';
import type { Aside, ElsewhereFacts } from './assess.ts';
import type { Listener } from './looks.ts';

export interface ElsewhereOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Runs a task once after so many milliseconds, unless the watch has ended. */
  readonly later: (ms: number, task: () => void) => void;
  /** Tells what listens on the number. */
  readonly look: (number: number) => Promise<Listener>;
  readonly onChange: () => void;
}

export interface Elsewhere {
  readonly facts: ElsewhereFacts | undefined;
  /** Numbers on which it is no server: nothing that a request could be sent to. */
  readonly asides: readonly Aside[];
  /** Whether the instance listens on the number, whatever answers there. */
  readonly has: (number: number) => boolean;
  readonly see: (opened: Sighting['opened']) => void;
}

interface Opened {
  readonly since: number;
  readonly lease: string | undefined;
  readonly shared: boolean;
  listener?: Listener;
}

/** Milliseconds until a number that did not say what it is is asked again. */
const AGAIN = 1_000;

export function watchElsewhere({ clock, later, look, onChange }: ElsewhereOptions): Elsewhere {
  let known = new Map<number, Opened>();

  const check = async (number: number, opened: Opened): Promise<void> => {
    // A look that could not be taken has found nothing out: it is taken again.
    const listener = await look(number).catch(() => undefined);
    if (known.get(number) !== opened) return;
    // What has not answered may be a server that is busy.
    if (listener === undefined || listener === 'mute') later(AGAIN, () => void check(number, opened));
    if (listener === undefined || listener === opened.listener) return;
    opened.listener = listener;
    onChange();
  };

  return {
    get facts() {
      const servers = [...known].filter(([, { listener }]) => listener === 'server');
      if (servers.length === 0) return undefined;
      return {
        numbers: servers.map(([number]) => number),
        since: Math.max(...servers.map(([, { since }]) => since)),
        leases: servers.flatMap(([, { lease }]) => lease ?? []),
        ...(servers.some(([, { shared }]) => shared) ? { shared: true } : {}),
      };
    },
    get asides() {
      return [...known].flatMap(([number, { listener, lease, shared }]) =>
        listener === 'mute' || listener === 'socket'
          ? [{ number, speaksHttp: listener === 'socket', isOthers: shared || lease !== undefined }]
          : [],
      );
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
