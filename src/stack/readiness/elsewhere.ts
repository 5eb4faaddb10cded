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
  /** Numbers on which it is no server so far: nothing that a request could be sent to. */
  readonly asides: readonly Aside[];
  /** Whether the instance listens on the number, whatever answers there. */
  readonly has: (number: number) => boolean;
  readonly see: (opened: Sighting['opened']) => void;
}

interface Opened {
  readonly since: number;
  readonly lease: string | undefined;
  readonly shared: boolean;
  /** Milliseconds until a look that finds no server is followed by another. */
  pause: number;
  /** The outcome of the last look, since when it is the same, and for more than how many seconds by then. */
  found?: { readonly listener: Listener; readonly since: number; readonly seconds: number };
}

interface Look {
  /** Undefined where it could not be taken. */
  readonly listener: Listener | undefined;
  readonly begun: number;
}

/** Milliseconds until a number that has shown no server is asked again: twice as long each time. */
const AGAIN = 1_000;
const LONGEST = 30_000;

/** Seconds that are told: a person is told again when it has become another matter, not with every look. */
const TOLD = [3, 10, 30, 60, 300, 900, 3_600];

const secondsToTell = (ms: number): number => TOLD.findLast((seconds) => seconds * 1_000 <= ms) ?? 0;

export function watchElsewhere({ clock, later, look, onChange }: ElsewhereOptions): Elsewhere {
  let known = new Map<number, Opened>();
  /** Numbers that are being asked: one that does not answer has one connection at a time, whatever is told of it meanwhile. */
  const asked = new Set<number>();

  const ask = async (number: number): Promise<void> => {
    const opened = known.get(number);
    if (opened === undefined || asked.has(number)) return;
    asked.add(number);
    const begun = clock.now();
    // A look that could not be taken has found nothing out: it is taken again.
    const listener = await look(number).catch(() => undefined);
    asked.delete(number);
    // What was opened anew meanwhile may be something else.
    if (known.get(number) === opened) learn(number, opened, { listener, begun });
    else void ask(number);
  };

  const learn = (number: number, opened: Opened, { listener, begun }: Look): void => {
    // What has not answered may be a server that is busy, or one that is not up yet.
    if (listener === undefined || listener === 'unanswered' || listener === 'foreign') {
      const again = (): void => void (known.get(number) === opened && ask(number));
      later(listener === undefined ? AGAIN : opened.pause, again);
    }
    if (listener === undefined) return;
    opened.pause = Math.min(2 * opened.pause, LONGEST);
    const last = opened.found;
    const since = listener === last?.listener ? last.since : begun;
    const seconds = secondsToTell(clock.now() - since);
    opened.found = { listener, since, seconds };
    if (listener !== last?.listener || (listener === 'unanswered' && seconds !== last.seconds)) onChange();
  };

  return {
    get facts() {
      const servers = [...known].filter(([, { found }]) => found?.listener === 'server');
      if (servers.length === 0) return undefined;
      return {
        numbers: servers.map(([number]) => number),
        since: Math.max(...servers.map(([, { since }]) => since)),
        leases: servers.flatMap(([, { lease }]) => lease ?? []),
        ...(servers.some(([, { shared }]) => shared) ? { shared: true } : {}),
      };
    },
    get asides() {
      return [...known].flatMap(([number, opened]) => asideOf(number, opened) ?? []);
    },
    has: (number) => known.has(number),
    see: (opened) => {
      const last = known;
      known = new Map(
        opened.map(({ number, lease, shared = false }) => {
          const before = last.get(number);
          const isSame = before !== undefined && before.lease === lease && before.shared === shared;
          const since = before?.since ?? clock.now();
          return [number, isSame ? before : { since, lease, shared, pause: AGAIN }];
        }),
      );
      for (const [number, one] of known) if (last.get(number) !== one) void ask(number);
    },
  };
}

function asideOf(number: number, { found, lease, shared }: Opened): Aside | undefined {
  const isOthers = shared || lease !== undefined;
  switch (found?.listener) {
    case 'socket':
      return { number, isOthers, answer: 'no-page' };
    case 'foreign':
      return { number, isOthers, answer: 'no-http' };
    case 'unanswered':
      return { number, isOthers, answer: { seconds: found.seconds } };
    default:
      return undefined;
  }
}
