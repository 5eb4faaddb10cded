/**
 * What is under way with each target: for balancing, for leaving out a target that refuses connections, and for
 * letting one go without cutting off what it was answering.
 */
import { setMaxListeners } from 'node:events';

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
export const kindOf = (head: Pick<RequestHead, 'upgrade' | 'field'>): PassageKind =>
  head.upgrade || head.field('accept') === 'text/event-stream' ? 'tunnel' : 'exchange';

export interface Passage {
  /** Aborts when it has to be over; all of its kind that is under way with one target shares it. */
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
  readonly pick: <T extends Address>(targets: readonly T[]) => T | undefined;
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

export function createTraffic(clock: Clock): Traffic {
  const loads = new Loads(clock.now());
  const watchers = new Set<() => void>();
  const onEnd = (load: Load): void => {
    if (load.open === 0) load.restingSince = clock.now();
    if (watchers.size > 0) for (const look of watchers) look();
  };
  let turns = 0;

  const isRefusing = (target: Address): boolean => loads.of(target).isRefusing(clock);

  const pick: Traffic['pick'] = (targets) => {
    if (targets.length === 1) return targets[0];
    let best: (typeof targets)[number] | undefined;
    for (const target of targets) {
      if (best === undefined || isBefore(rank(target), rank(best))) best = target;
    }
    if (best !== undefined) loads.of(best).turn = turns += 1;
    return best;
  };

  const rank = (target: Address): readonly number[] => {
    const load = loads.of(target);
    return [load.isRefusing(clock) ? 1 : 0, load.open, load.turn];
  };

  const underWay = (targets: readonly Address[], all: boolean): number =>
    targets.reduce((sum, target) => {
      const { open, tunnels } = loads.of(target);
      return sum + (all ? open : open - tunnels);
    }, 0);

  /** The tunnels of today and no others: what comes next may be on the same port. */
  const endTunnels = (load: Load, timeout: number): void => {
    const leaving = load.dismissTunnels();
    const over = (): void => {
      watchers.delete(look);
      load.leaving.delete(leaving);
    };
    const look = (): void => {
      if (leaving.open > 0) return;
      over();
      cancel();
    };
    const cancel = clock.after(timeout, () => {
      over();
      leaving.abort();
    });
    watchers.add(look);
    look();
  };

  return {
    pick,
    isRefusing,
    begin: (target, kind) => new OpenPassage(loads.of(target), kind, onEnd),
    refused: (target) => {
      loads.of(target).refusedUntil = clock.now() + REFUSAL;
    },
    drain: (targets, { timeout, all }) =>
      new Promise((resolve) => {
        if (!all) for (const target of targets) endTunnels(loads.of(target), timeout);
        const settle = (): void => {
          watchers.delete(look);
          cancel();
          resolve(underWay(targets, all));
        };
        const look = (): void => {
          if (underWay(targets, all) === 0) settle();
        };
        const cancel = clock.after(timeout, () => {
          if (all) for (const target of targets) loads.of(target).abortAll();
          settle();
        });
        watchers.add(look);
        look();
      }),
    quiet: (targets) => {
      const open = underWay(targets, true);
      const since = targets.map((target) => loads.of(target).restingSince);
      return { open, quiet: open > 0 ? 0 : clock.now() - Math.max(loads.born, ...since) };
    },
  };
}

/** What ends together: passages of one kind with one target. */
class Group {
  open = 0;
  #abort: AbortController | undefined;

  /** One for all of them, since there is a passage for each request. */
  get until(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      setMaxListeners(0, this.#abort.signal);
    }
    return this.#abort.signal;
  }

  abort(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }
}

/** What one target bears. */
class Load {
  readonly host: string;
  /** How much is under way, and how much of that is tunnels. */
  open = 0;
  tunnels = 0;
  /** Tunnels that have a deadline. */
  readonly leaving = new Set<Group>();
  refusedUntil = 0;
  /** Since when nothing has been. */
  restingSince: number;
  turn = 0;
  readonly #exchanges = new Group();
  #tunnels = new Group();

  constructor(host: string, born: number) {
    this.host = host;
    this.restingSince = born;
  }

  isRefusing(clock: Clock): boolean {
    return this.refusedUntil !== 0 && this.refusedUntil > clock.now();
  }

  groupOf(kind: PassageKind): Group {
    return kind === 'tunnel' ? this.#tunnels : this.#exchanges;
  }

  /** Sets those that are open apart from those to come. */
  dismissTunnels(): Group {
    const leaving = this.#tunnels;
    this.#tunnels = new Group();
    this.leaving.add(leaving);
    return leaving;
  }

  abortAll(): void {
    for (const group of [this.#exchanges, this.#tunnels, ...this.leaving]) group.abort();
  }
}

class OpenPassage implements Passage {
  readonly until: AbortSignal;
  readonly #load: Load;
  readonly #group: Group;
  readonly #kind: PassageKind;
  readonly #onEnd: (load: Load) => void;
  #over = false;

  constructor(load: Load, kind: PassageKind, onEnd: (load: Load) => void) {
    this.#load = load;
    this.#kind = kind;
    this.#group = load.groupOf(kind);
    this.#onEnd = onEnd;
    this.until = this.#group.until;
    this.#group.open += 1;
    load.open += 1;
    if (kind === 'tunnel') load.tunnels += 1;
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#group.open -= 1;
    this.#load.open -= 1;
    if (this.#kind === 'tunnel') this.#load.tunnels -= 1;
    this.#onEnd(this.#load);
  }
}

/** By number first: nearly always there is one target with it. */
class Loads {
  readonly born: number;
  readonly #byPort = new Map<number, Load[]>();
  #count = 0;

  constructor(born: number) {
    this.born = born;
  }

  of({ host, port }: Address): Load {
    const known = this.#byPort.get(port);
    for (const load of known ?? []) if (load.host === host) return load;
    if (this.#count >= MAX_IDLE) this.#forgetIdle();
    const load = new Load(host, this.born);
    // Anew, since the list may just have been forgotten.
    this.#byPort.set(port, [...(this.#byPort.get(port) ?? []), load]);
    this.#count += 1;
    return load;
  }

  #forgetIdle(): void {
    this.#count = 0;
    for (const [port, loads] of this.#byPort) {
      const busy = loads.filter(({ open }) => open > 0);
      if (busy.length === 0) this.#byPort.delete(port);
      else this.#byPort.set(port, busy);
      this.#count += busy.length;
    }
  }
}

function isBefore(left: readonly number[], right: readonly number[]): boolean {
  for (const [index, value] of left.entries()) {
    const other = right[index] ?? 0;
    if (value !== other) return value < other;
  }
  return false;
}
