/** Puts services that start on request to rest when nobody has used them for a while. */
import type { Clock } from '../lib/clock.ts';
import type { Unit } from './unit.ts';

export interface Quiet {
  readonly open: number;
  /** Milliseconds. */
  readonly quiet: number;
}

export interface IdleOptions {
  readonly clock: Clock;
  /** What is under way with the instances of the service, wherever it comes in. */
  readonly look: (unit: Unit) => Promise<Quiet>;
  readonly rest: (service: string) => void;
}

export interface IdleWatch {
  /** Call after every change of a unit. */
  follow(unit: Unit): void;
  close(): void;
}

export function watchIdle({ clock, look, rest }: IdleOptions): IdleWatch {
  const timers = new Map<string, () => void>();

  const cancel = (name: string): void => {
    timers.get(name)?.();
    timers.delete(name);
  };

  const check = async (unit: Unit, limit: number): Promise<void> => {
    const { open, quiet } = await look(unit);
    if (!timers.has(unit.name)) return;
    if (open === 0 && quiet >= limit) {
      cancel(unit.name);
      rest(unit.name);
    } else schedule(unit, limit, open > 0 ? limit : limit - quiet);
  };

  const schedule = (unit: Unit, limit: number, ms: number): void => {
    timers.set(
      unit.name,
      clock.after(Math.max(1, ms), () => void check(unit, limit)),
    );
  };

  return {
    follow: (unit) => {
      const { service } = unit.resolved;
      const limit = service.kind === 'process' && unit.armed ? service.idle : undefined;
      const isUp = unit.targets.length > 0;
      if (limit === undefined || !isUp) cancel(unit.name);
      else if (!timers.has(unit.name)) schedule(unit, limit, limit);
    },
    close: () => {
      for (const name of timers.keys()) cancel(name);
    },
  };
}
