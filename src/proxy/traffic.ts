/**
 * What is under way with each target: for balancing, for leaving out a target that refuses connections, and for
 * letting one go without cutting off what it was answering.
 */
import type { Clock } from '../lib/clock.ts';
import type { RequestHead } from './engine/engine.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * `exchange`: a request and its response. `tunnel`: may stay open for ever (a WebSocket, an event stream, a TCP
 * connection).
 */
export type PassageKind = 'exchange' | 'tunnel';

/** Of a request. Who asks for an event stream says so (HTML, server-sent events). */
export const kindOf = ({ upgrade, headers }: Pick<RequestHead, 'upgrade' | 'headers'>): PassageKind =>
  upgrade || headers['accept'] === 'text/event-stream' ? 'tunnel' : 'exchange';

export interface Passage {
  /** Aborts when it has to be over. */
  readonly until: AbortSignal;
  /** It is over. Safe to call again. */
  end(): void;
}

export interface DrainOptions {
  /** Milliseconds. */
  readonly timeout: number;
  /**
   * Whether tunnels are waited for too, and everything that is left is ended at the timeout. Without it tunnels alone
   * are: a server that waits for its last connection would never come to its end.
   */
  readonly all: boolean;
}

export interface Traffic {
  /**
   * The target with the least under way, those that refuse connections last. The others' turn comes among equals.
   */
  pick<T extends Address>(targets: readonly T[]): T | undefined;
  begin(target: Address, kind: PassageKind): Passage;
  /** It did not take a connection: it is left out for a moment. */
  refused(target: Address): void;
  isRefusing(target: Address): boolean;
  /** Resolves when nothing is under way with these, or the time is over; with how much is left then. */
  drain(targets: readonly Address[], options: DrainOptions): Promise<number>;
  /** How much is under way with these, and for how long (milliseconds) nothing has been. */
  quiet(targets: readonly Address[]): { readonly open: number; readonly quiet: number };
}

/** Milliseconds after which a target that refused a connection is tried again. */
const REFUSAL = 1_000;

/** Targets that nobody has asked about are forgotten beyond this number. */
const MAX_IDLE = 1_000;

interface Open {
  readonly kind: PassageKind;
  readonly abort: AbortController;
  isOpen: boolean;
}

interface Load {
  readonly passages: Map<Passage, Open>;
  refusedUntil: number;
  /** When the last passage ended or began. */
  touched: number;
  turn: number;
}

export function createTraffic(clock: Clock): Traffic {
  const loads = new Map<string, Load>();
  const watchers = new Set<() => void>();
  const born = clock.now();
  let turns = 0;

  const loadOf = (target: Address): Load => {
    const key = `${target.host}:${target.port}`;
    const known = loads.get(key);
    if (known !== undefined) return known;
    if (loads.size >= MAX_IDLE) forgetIdle(loads);
    const load: Load = { passages: new Map(), refusedUntil: 0, touched: born, turn: 0 };
    loads.set(key, load);
    return load;
  };

  const isRefusing = (target: Address): boolean => loadOf(target).refusedUntil > clock.now();

  const pick: Traffic['pick'] = (targets) => {
    let best: (typeof targets)[number] | undefined;
    for (const target of targets) {
      if (best === undefined || isBefore(rank(target), rank(best))) best = target;
    }
    if (best !== undefined) loadOf(best).turn = turns += 1;
    return best;
  };

  const rank = (target: Address): readonly number[] => {
    const { passages, turn } = loadOf(target);
    return [isRefusing(target) ? 1 : 0, passages.size, turn];
  };

  const underWay = (targets: readonly Address[], all: boolean): number =>
    targets.reduce((sum, target) => {
      const kinds = [...loadOf(target).passages.values()];
      return sum + kinds.filter(({ kind }) => all || kind === 'exchange').length;
    }, 0);

  const tunnelsOf = (targets: readonly Address[]): Open[] =>
    targets.flatMap((target) =>
      [...loadOf(target).passages.values()].filter(({ kind }) => kind === 'tunnel'),
    );

  /** These and no others: what comes next may be on the same port. */
  const endLater = (passages: readonly Open[], timeout: number): void => {
    const look = (): void => {
      if (passages.some(({ isOpen }) => isOpen)) return;
      watchers.delete(look);
      cancel();
    };
    const cancel = clock.after(timeout, () => {
      watchers.delete(look);
      abortAll(passages);
    });
    watchers.add(look);
    look();
  };

  return {
    pick,
    isRefusing,
    begin: (target, kind) => {
      const load = loadOf(target);
      const open: Open = { kind, abort: new AbortController(), isOpen: true };
      const passage: Passage = {
        until: open.abort.signal,
        end: () => {
          if (!load.passages.delete(passage)) return;
          open.isOpen = false;
          load.touched = clock.now();
          for (const look of watchers) look();
        },
      };
      load.passages.set(passage, open);
      load.touched = clock.now();
      return passage;
    },
    refused: (target) => {
      loadOf(target).refusedUntil = clock.now() + REFUSAL;
    },
    drain: (targets, { timeout, all }) =>
      new Promise((resolve) => {
        if (!all) endLater(tunnelsOf(targets), timeout);
        const settle = (): void => {
          watchers.delete(look);
          cancel();
          resolve(underWay(targets, all));
        };
        const look = (): void => {
          if (underWay(targets, all) === 0) settle();
        };
        const cancel = clock.after(timeout, () => {
          if (all) for (const target of targets) abortAll(loadOf(target).passages.values());
          settle();
        });
        watchers.add(look);
        look();
      }),
    quiet: (targets) => {
      const loadsOf = targets.map(loadOf);
      const touched = Math.max(born, ...loadsOf.map((load) => load.touched));
      return { open: underWay(targets, true), quiet: clock.now() - touched };
    },
  };
}

function abortAll(passages: Iterable<Open>): void {
  for (const { abort } of passages) abort.abort();
}

function isBefore(left: readonly number[], right: readonly number[]): boolean {
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? 0;
    if (value !== other) return value < other;
  }
  return false;
}

function forgetIdle(loads: Map<string, Load>): void {
  for (const [key, { passages }] of loads) if (passages.size === 0) loads.delete(key);
}
