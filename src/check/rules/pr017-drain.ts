import type { Contract, ProcessService } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { overlaps, processesOf, type Rule } from './rule.ts';

export const PR017: Rule = {
  id: 'PR017',
  severity: 'warning',
  title: 'a drain timeout of 0, or beyond the stop timeout',
  reasoning:
    'The drain timeout is what requests under way get to finish with the old instance, before it is stopped. With 0 ' +
    'they are cut at once. Beyond the stop timeout the parts do not fit: an instance that may take that long for ' +
    'its requests is killed sooner when it is told to stop.',
  find: ({ contract }) =>
    processesOf(contract).flatMap((service) => {
      const problem = judgeDrain(service, contract);
      const at = ['services', service.name, 'transition', 'drainTimeout'];
      return problem === undefined ? [] : [{ at, ...problem }];
    }),
};

/** Only what the contract itself says, or asks for with its strategy: defaults fit. */
function judgeDrain(
  service: ProcessService,
  contract: Contract,
): Pick<Finding, 'message' | 'hint'> | undefined {
  const { name, transition, stop } = service;
  const { drainTimeout } = transition;
  const isWritten = contract.written(['services', name, 'transition', 'drainTimeout']) !== undefined;
  if (!isWritten && !overlaps(service)) return undefined;
  if (drainTimeout === 0) {
    const message = `${name} gives requests under way no time to finish`;
    return { message, hint: 'write drainTimeout: 10s' };
  }
  if (drainTimeout <= stop.timeout) return undefined;
  const message = `${name} drains for up to ${drainTimeout / 1000} s, and is killed ${stop.timeout / 1000} s after it is told to stop`;
  return { message, hint: `write stop: { timeout: ${drainTimeout / 1000}s }, or a shorter drainTimeout` };
}
