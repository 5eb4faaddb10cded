/** Why the log of a service is empty, and where to look instead. Pure. */
import type { RunningStack } from '../protocol/messages.ts';
import { rootOf } from './waiting/open.ts';

/**
 * Says why nothing was printed by a service, and what to type.
 * @param isGone whether the checkout of a stack at rest was removed or moved
 */
export function explainSilence(name: string, stack: RunningStack, isGone = false): string {
  const cure = isGone ? ', and its checkout was removed or moved: portramp clean' : ': portramp dev';
  const why = stack.pid === undefined ? `the stack does not run${cure}` : whyIn(stack, name);
  return `${name} has printed nothing: ${why}`;
}

function whyIn({ services }: RunningStack, name: string): string {
  const service = services.find((one) => one.name === name);
  if (service === undefined) return 'the stack has no such service now';
  const { state, failure, waitingFor = [], kind } = service;
  if (kind === 'external') return 'it runs elsewhere';
  if (failure !== undefined && state !== 'ready') {
    return failure.message + (failure.hint === undefined ? '' : ` — ${failure.hint}`);
  }
  if (state === 'waiting') {
    const root = rootOf(services, service, new Map());
    const where = root.name === name ? '' : `; ${root.name} is ${root.state}: portramp logs ${root.name}`;
    return `it waits for ${waitingFor.join(', ') || 'its turn'}${where}`;
  }
  if (state === 'idle') return `it was not started: portramp start ${name}`;
  return `it is ${state}, and silent so far`;
}
