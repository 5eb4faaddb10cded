/** What other commands ask of a running stack, through the daemon. */
import { PortrampError } from '../lib/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Plan } from '../plan/plan.ts';
import type { CommandAnswer, RunnerCommand } from '../protocol/messages.ts';
import { describeUnit } from './details.ts';
import { findFollowers, findFollowersOfStart } from './followers.ts';
import { isMeant, selectOrThrow } from './selection.ts';
import type { Supervision } from './supervision.ts';

export interface CommandContext {
  readonly supervision: Supervision;
  readonly plan: Plan;
  readonly clock: Clock;
  /** Tells the daemon what has changed. */
  readonly publish: () => Promise<void>;
  readonly stop: () => void;
  /** Rejects where services could not be started again after they were stopped. */
  readonly demandResolved: (services: readonly string[]) => Promise<void>;
  /** Decides which of these have ended, where that is not yet known for sure. */
  readonly decide: (services: readonly string[]) => Promise<void>;
  /** From now on the service has this many replicas, whatever the contract says. Rejects where it cannot. */
  readonly scale: (service: string, replicas: number) => Promise<void>;
  /** From now on every file that they watch restarts these again. */
  readonly release: (services: readonly string[]) => void;
  /** Why the last edit of the contract is not in effect. */
  readonly problems: readonly string[];
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** @throws PortrampError UNKNOWN_NAME, USAGE for what has no replicas, and why a stack cannot be scaled */
export async function obey(context: CommandContext, command: RunnerCommand): Promise<CommandAnswer> {
  const { supervision, plan, clock, publish, stop } = context;
  switch (command.action) {
    case 'start': {
      const meant = meantBy(plan, command.services);
      const selected = selectOrThrow(plan, command.services);
      await context.decide(selected);
      context.signal.throwIfAborted();
      const followers = findFollowersOfStart(selected, supervision.units).map(({ service }) => service);
      context.release([...meant, ...followers]);
      supervision.startNamed(plan, command.services);
      const asked = revisionsOf(followers, supervision);
      await publish();
      return { asked, ...told([...meant, ...followers], context) };
    }
    case 'stop':
      supervision.stopNamed(plan, command.services);
      await publish();
      return { services: meantBy(plan, command.services) };
    case 'restart': {
      const meant = meantBy(plan, command.services);
      const services = [...meant, ...findFollowers(meant, supervision.units).map(({ service }) => service)];
      await context.demandResolved(services);
      // Given up meanwhile: whoever asked was told that nobody answers.
      context.signal.throwIfAborted();
      context.release(services);
      supervision.restartNamed(plan, command.services);
      const asked = revisionsOf(services, supervision);
      await publish();
      return { asked, ...told(services, context) };
    }
    case 'wake':
      for (const name of command.services) supervision.wake(name);
      await publish();
      return {};
    case 'scale':
      return scale(command.service, command.replicas, context);
    case 'explain': {
      const units = supervision.units.filter(({ name }) => command.services.includes(name));
      const stateOf = (name: string) => supervision.providerState(name);
      return { details: await Promise.all(units.map((unit) => describeUnit(unit, stateOf, clock))) };
    }
    case 'down':
      // The answer must leave before the session closes.
      setImmediate(stop);
      return {};
    case 'ping':
      return {};
  }
}

/** How far each has to get before what was asked for is there. */
const revisionsOf = (names: readonly string[], supervision: Supervision): Record<string, number> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const revision = supervision.find(name)?.revision;
      return revision === undefined ? [] : [[name, revision.asked]];
    }),
  );

/** Names what is started, and says that its values are from before an edit that is not in effect. */
const told = (services: string[], { problems }: CommandContext): CommandAnswer =>
  problems.length === 0
    ? { services }
    : { services, message: `${problems.join('; ')}; ${services.join(', ')} with the values from before` };

/** @throws PortrampError UNKNOWN_NAME */
const meantBy = (plan: Plan, names: readonly string[]): string[] =>
  selectOrThrow(plan, names).filter((name) => isMeant(plan, names, name));

async function scale(name: string, replicas: number, context: CommandContext): Promise<CommandAnswer> {
  const planned = context.plan.services.get(name);
  if (planned === undefined) throw new PortrampError('UNKNOWN_NAME', `there is no service "${name}"`);
  if (planned.service.kind === 'task') {
    throw new PortrampError('USAGE', `${name} is a task: it runs to its end, and has no replicas`, {
      hint: `"portramp restart ${name}" runs it again`,
    });
  }
  if (planned.service.kind !== 'process') {
    throw new PortrampError('USAGE', `${name} is no process of portramp: it has no replicas`, {
      hint:
        planned.service.kind === 'compose'
          ? `docker compose runs several: portramp compose up -d --scale ${planned.service.compose}=${replicas}`
          : 'scale a service that has a command',
    });
  }
  const isFirstRamp = planned.ports.some((port) => !port.ramp);
  await context.scale(name, replicas);
  return {
    message: `scaling ${name} to ${replicas}${isFirstRamp ? '; it gets a ramp, for which it is restarted once' : ''}`,
  };
}
