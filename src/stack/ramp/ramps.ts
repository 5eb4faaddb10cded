/** All ramps of a stack: which exist, and what each of them does in which state of its service. */
import type { Clock } from '../../lib/clock.ts';
import type { ResolvedPort, ResolvedService } from '../../plan/plan.ts';
import type { Engine } from '../../proxy/engine/engine.ts';
import type { Traffic } from '../../proxy/traffic.ts';
import type { Unit } from '../unit.ts';
import { createRamp, type Ramp, type RampState } from './ramp.ts';

export interface Ramps {
  /** Listens on the service's ports before it is called ready. Undefined where there is nothing to open. */
  open(service: ResolvedService): Promise<void> | undefined;
  /** Makes the ramps of a service fit what it is now. */
  follow(unit: Unit): void;
  /** Closes the ramps of services that are not among these any more. */
  keep(services: ReadonlySet<string>): void;
  close(): Promise<void>;
}

export interface RampsOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly traffic: Traffic;
  /** The last lines that a service printed. */
  readonly linesOf: (service: string) => readonly string[];
  readonly onWait: (service: string) => void;
  readonly onProblem: (service: string, port: number, error: unknown) => void;
}

export function createRamps(options: RampsOptions): Ramps {
  /** By service, then by name of the port. */
  const ramps = new Map<string, Map<string, Ramp>>();
  const closing = new Set<Promise<void>>();
  /** Services whose ramps are just being opened, and are about to be called ready. */
  const opening = new Set<string>();
  const followed = new Map<string, Unit>();

  const drop = (ramp: Ramp): void => {
    const closed = ramp.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };

  const rampOf = (service: string, { name, port, appProtocol }: ResolvedPort): Ramp => {
    const own = ramps.get(service) ?? new Map<string, Ramp>();
    ramps.set(service, own);
    const known = own.get(name);
    if (known?.port === port && known.protocol === appProtocol) return known;
    if (known !== undefined) drop(known);
    const ramp = createRamp({
      ...options,
      service,
      port,
      protocol: appProtocol,
      lines: () => options.linesOf(service),
      onWait: () => options.onWait(service),
      onProblem: (error) => options.onProblem(service, port, error),
    });
    own.set(name, ramp);
    return ramp;
  };

  const dropOthers = (service: string, names: ReadonlySet<string>): void => {
    const own = ramps.get(service);
    for (const [name, ramp] of own ?? []) {
      if (names.has(name)) continue;
      own?.delete(name);
      drop(ramp);
    }
  };

  const follow = (unit: Unit): void => {
    followed.set(unit.name, unit);
    const ramped = unit.resolved.ports.filter((port) => port.ramp);
    dropOthers(unit.name, new Set(ramped.map((port) => port.name)));
    for (const port of ramped) {
      const state = stateFor(unit, port.name);
      if (state.listens || !opening.has(unit.name)) rampOf(unit.name, port).set(state);
    }
  };

  const forget = (service: string): void => {
    followed.delete(service);
    dropOthers(service, new Set());
    ramps.delete(service);
  };

  return {
    open: ({ name, ports }) => {
      const ramped = ports.filter((port) => port.ramp);
      if (ramped.length === 0) return undefined;
      opening.add(name);
      return Promise.all(ramped.map((port) => rampOf(name, port).open()))
        .then(() => undefined)
        .finally(() => {
          opening.delete(name);
          // What happened to the service meanwhile counts now.
          setImmediate(() => {
            const unit = followed.get(name);
            if (unit !== undefined) follow(unit);
          });
        });
    },
    follow,
    keep: (services) => {
      for (const service of ramps.keys()) if (!services.has(service)) forget(service);
    },
    close: async () => {
      for (const service of ramps.keys()) forget(service);
      await Promise.all(closing);
    },
  };
}

/** States in which an instance is on its way, if there was one before. */
const COMING: readonly string[] = ['waiting', 'starting', 'warming', 'backoff'];

/** Pure. */
export function stateFor(
  unit: Pick<Unit, 'targets' | 'state' | 'armed' | 'wasReady'>,
  portName: string,
): RampState {
  const targets = unit.targets.flatMap(({ service }) => {
    const port = service.ports.find(({ name }) => name === portName);
    return port === undefined ? [] : [{ host: port.host, port: port.targetPort }];
  });
  if (targets.length > 0) return { targets, holds: true, listens: true };
  const { state } = unit;
  const isComing =
    COMING.includes(state.state) || (state.state === 'stopping' && state.then.kind === 'waiting');
  // Who starts on request is asked by dialling it.
  const listens = unit.armed ? state.state !== 'failed' : unit.wasReady && isComing;
  return { targets, holds: listens, listens };
}
