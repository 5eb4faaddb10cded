/**
 * Who may pass a ramp, and to which instance. Knows no sockets: TCP and HTTP ramps ask it alike.
 *
 *     targets ── pick the least busy ──▶ passage
 *     none, but one is on its way ─────▶ hold: bounded in number and time
 *     none, and none is coming ────────▶ closed
 */
import type { Clock } from '../../lib/clock.ts';
import { createHold } from '../../proxy/hold.ts';
import type { Passage, PassageKind, Traffic } from '../../proxy/traffic.ts';

export interface RampTarget {
  readonly host: string;
  readonly port: number;
}

export interface GateState {
  readonly targets: readonly RampTarget[];
  /** Without targets: whether one is worth waiting for. */
  readonly holds: boolean;
}

export type Entry =
  | { readonly kind: 'passage'; readonly target: RampTarget; readonly passage: Passage }
  /** It waited for too long, too many wait already, the client left, or nobody is coming. */
  | { readonly kind: 'late' | 'full' | 'gone' | 'closed' };

export interface Gate {
  set(state: GateState): void;
  /** At once, unless it has to wait: it is asked for every request. */
  enter(kind: PassageKind, signal: AbortSignal): Entry | Promise<Entry>;
  /**
   * The target did not take the connection, or closed one that others had used: another way, as `enter` would say,
   * after a pause if there is none.
   */
  reenter(refused: RampTarget, kind: PassageKind, signal: AbortSignal): Promise<Entry>;
  /** The target took the connection and said nothing: another one that is there, or undefined. */
  another(silent: RampTarget, kind: PassageKind): Entry | undefined;
  /** How many wait now. */
  readonly holding: number;
}

export interface GateOptions {
  readonly clock: Clock;
  readonly traffic: Traffic;
  /** Somebody waits, and no instance is there. */
  readonly onWait: () => void;
  readonly limits?: Partial<GateLimits>;
}

export interface GateLimits {
  readonly waiting: number;
  /** Milliseconds. */
  readonly wait: number;
}

const LIMITS: GateLimits = { waiting: 1_000, wait: 30_000 };

/** Milliseconds before a target that refused is asked again, where there is no other. */
const PAUSE = 100;

export function createGate({ clock, traffic, onWait, limits }: GateOptions): Gate {
  const { waiting, wait } = { ...LIMITS, ...limits };
  const hold = createHold(clock, waiting);
  let state: GateState = { targets: [], holds: false };

  /** Undefined where it has to wait. */
  const look = (kind: PassageKind, signal: AbortSignal): Entry | undefined => {
    if (signal.aborted) return { kind: 'gone' };
    const target = traffic.pick(state.targets);
    if (target !== undefined) return { kind: 'passage', target, passage: traffic.begin(target, kind) };
    return state.holds ? undefined : { kind: 'closed' };
  };

  const lookUntil = async (until: number, kind: PassageKind, signal: AbortSignal): Promise<Entry> => {
    for (;;) {
      onWait();
      const end = await hold.wait(until, signal);
      const entry = end === 'woken' ? look(kind, signal) : { kind: end };
      if (entry !== undefined) return entry;
    }
  };

  const enter: Gate['enter'] = (kind, signal) =>
    look(kind, signal) ?? lookUntil(clock.now() + wait, kind, signal);

  return {
    set: (next) => {
      state = next;
      hold.wake();
    },
    enter,
    reenter: async (refused, kind, signal) => {
      traffic.refused(refused);
      const isOnlyOne =
        state.targets.length > 0 && state.targets.every((target) => traffic.isRefusing(target));
      // It broke down, and what comes next is about to be known.
      if (isOnlyOne) await hold.wait(clock.now() + PAUSE, signal);
      return enter(kind, signal);
    },
    another: (silent, kind) => {
      traffic.refused(silent);
      const others = state.targets.filter(({ host, port }) => host !== silent.host || port !== silent.port);
      const target = traffic.pick(others);
      return target && { kind: 'passage', target, passage: traffic.begin(target, kind) };
    },
    get holding() {
      return hold.size;
    },
  };
}
