import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { processesOf, type Rule } from './rule.ts';

export const PR027: Rule = {
  id: 'PR027',
  severity: 'warning',
  title: '`onConflict: reassign` on a port that something outside relies on',
  reasoning:
    '"reassign" moves a service to another number when a stranger holds its own, and restarts its ' +
    'consumers, who are told the new one. A static port or a reservation exists because somebody ' +
    'relies on that number who is not told: a GUI client, a callback address, a person. For them the ' +
    'service is gone.',
  find: ({ contract }) => findReassigned(contract),
};

const findReassigned = (contract: Contract): Finding[] =>
  processesOf(contract).flatMap((service) => {
    if (service.transition.onConflict !== 'reassign') return [];
    const pinned = service.ports.find((port) => port.static !== undefined);
    const reserved = contract.reservations.find((each) => each.service === service.name);
    const number = pinned?.static ?? reserved?.port;
    if (number === undefined) return [];
    const why =
      pinned === undefined
        ? 'reserved for somebody outside'
        : `the static port ${service.name}.${pinned.name}`;
    return [
      {
        at: ['services', service.name, 'transition', 'onConflict'],
        message: `${service.name} may be moved away from ${number}, which is ${why}`,
        hint: 'write onConflict: fail, or give the number up',
      },
    ];
  });
