/**
 * The ways to the instances of a stack: its ramps, and the front beyond the daemon. An instance is let go only when
 * neither of them sends it anything any more.
 */
import type { Clock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import type { Engine } from '../../proxy/engine/engine.ts';
import { createTraffic } from '../../proxy/traffic.ts';
import { watchIdle, type Quiet } from '../idle.ts';
import type { Session } from '../session.ts';
import type { Drain } from '../unit-options.ts';
import type { Unit } from '../unit.ts';
import type { RampTarget } from './gate.ts';
import { createRamps } from './ramps.ts';

export interface Reach {
  /** Opens the ramps that lead to the service, before it is called ready. */
  open(launched: ResolvedService): Promise<void> | undefined;
  /** Makes the ramps fit what has become of the service. */
  follow(unit: Unit): void;
  keep(services: ReadonlySet<string>): void;
  /** Resolves when the instance may be stopped. */
  drain(drain: Drain): Promise<void>;
  close(): Promise<void>;
}

export interface ReachOptions {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly session: Pick<Session, 'request'>;
  /** Resolves when the front knows how the services are now. */
  readonly publish: () => Promise<void>;
  /** The last lines that a service printed. */
  readonly linesOf: (service: string) => readonly string[];
  readonly wake: (service: string) => void;
  readonly rest: (service: string) => void;
  readonly onNotice: (service: string, text: string) => void;
}

/** Milliseconds that the daemon's answer may come later than what was asked of it. */
const SLACK = 5_000;

export function createReach(options: ReachOptions): Reach {
  const { clock, engine, session, publish, linesOf, wake, rest, onNotice } = options;
  const traffic = createTraffic(clock);
  const ramps = createRamps({
    engine,
    clock,
    traffic,
    linesOf,
    onWait: wake,
    onProblem: (service, port, error) =>
      onNotice(service, `the ramp on port ${port} cannot listen: ${messageOf(error)}`),
  });
  const idle = watchIdle({
    clock,
    rest,
    look: async (unit): Promise<Quiet> => {
      const targets = unit.targets.flatMap(({ service }) => addressesOf(service));
      const own = traffic.quiet(targets);
      // Without a daemon nobody comes through the front.
      const front = await session.request('traffic', { targets }).catch(() => own);
      return { open: own.open + front.open, quiet: Math.min(own.quiet, front.quiet) };
    },
  });

  return {
    open: (launched) => ramps.open(launched),
    follow: (unit) => {
      ramps.follow(unit);
      idle.follow(unit);
    },
    keep: (services) => ramps.keep(services),
    drain: async ({ unit, launched, reason }) => {
      if (reason === 'stop' || launched.service.kind !== 'process') return;
      const targets = addressesOf(launched);
      if (targets.length === 0) return;
      ramps.follow(unit);
      await publish();
      const how = { timeout: launched.service.transition.drainTimeout, all: reason === 'retire' };
      // A daemon that is gone, or too old to know, sends nothing to the instance or is not to be waited for.
      const front = session
        .request('drain', { targets: [...targets], ...how }, { timeout: how.timeout + SLACK })
        .catch(() => undefined);
      await Promise.all([traffic.drain(targets, how), front]);
    },
    close: async () => {
      idle.close();
      await ramps.close();
    },
  };
}

const addressesOf = ({ ports }: ResolvedService): RampTarget[] =>
  ports.map(({ host, targetPort }) => ({ host, port: targetPort }));
