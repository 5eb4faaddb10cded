import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { overlaps, processesOf, type Rule } from './rule.ts';

export const PR015: Rule = {
  id: 'PR015',
  severity: 'error',
  title: 'handoff or rolling without `ready`',
  reasoning:
    'A hand-off sends requests to the new instance as soon as it is ready. Without "ready" that is the moment in ' +
    'which it accepts a connection, and many programs do so long before they can answer: the requests of that ' +
    'time fail, which is what the hand-off was asked for to prevent. Say what ready means.',
  find: ({ contract }) => findUntold(contract),
};

const findUntold = (contract: Contract): Finding[] =>
  processesOf(contract)
    .filter((service) => overlaps(service) && service.ready.kind === 'default')
    .map(({ name, transition }) => ({
      at: ['services', name, 'transition', 'strategy'],
      message: `${name} is to be replaced by ${transition.strategy}, and nothing says when it is ready`,
      hint: 'write ready: { http: /healthz }, or tcp, log, exec or file',
    }));
