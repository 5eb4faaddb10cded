/** What other terminals, and the front, ask of a running stack. */
import type { Plan } from '../plan/plan.ts';
import type { RunnerCommand } from '../protocol/messages.ts';
import type { Supervision } from './supervision.ts';

export interface CommandAnswer {
  /** Said to whoever asked, in place of the usual words. */
  readonly message?: string;
}

export interface CommandContext {
  readonly supervision: Supervision;
  readonly plan: Plan;
  /** From now on the service has this many replicas, whatever the contract says. */
  readonly scale: (service: string, replicas: number) => void;
  readonly stop: () => void;
}

/** Those after which the stack is not what it was. */
export const CHANGES: readonly RunnerCommand['action'][] = ['start', 'stop', 'restart', 'wake'];

/** @throws PortrampError UNKNOWN_NAME */
export function carryOut(command: RunnerCommand, context: CommandContext): CommandAnswer {
  const { supervision, plan } = context;
  switch (command.action) {
    case 'start':
      supervision.startNamed(plan, command.services);
      return {};
    case 'stop':
      supervision.stopNamed(plan, command.services);
      return {};
    case 'restart':
      supervision.restartNamed(plan, command.services);
      return {};
    case 'wake':
      for (const name of command.services) supervision.wake(name);
      return {};
    case 'scale':
      return scale(command.service, command.replicas, context);
    case 'down':
      context.stop();
      return {};
    case 'ping':
      return {};
  }
}

function scale(name: string, replicas: number, { plan, scale: apply }: CommandContext): CommandAnswer {
  const planned = plan.services.get(name);
  if (planned?.service.kind !== 'process') return { message: `${name} is no process: it has no replicas` };
  const needsRamp = planned.ports.some((port) => !port.ramp);
  apply(name, replicas);
  return {
    message: `scaling ${name} to ${replicas}${needsRamp ? '; it gets a ramp, for which it is restarted once' : ''}`,
  };
}
