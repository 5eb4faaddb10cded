import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { processesOf, type Rule } from './rule.ts';

export const PR018: Rule = {
  id: 'PR018',
  severity: 'error',
  title: '`private` port with a host',
  reasoning:
    'A private port is for its own service: a debugger, an admin console. A host name would lead ' +
    'everybody to it, the browser first. Keep one of the two.',
  find: ({ contract }) => findHosts(contract),
};

const findHosts = (contract: Contract): Finding[] =>
  processesOf(contract).flatMap((service) =>
    service.ports.flatMap((port) => {
      if (port.visibility !== 'private') return [];
      const [found] = (['host', 'path'] as const)
        .map((field) => ({ field, at: ['services', service.name, 'ports', port.name, field] }))
        // `host: false` says the same as private does.
        .filter(({ at }) => (contract.written(at) ?? false) !== false);
      if (found === undefined) return [];
      const message = `${service.name}.${port.name} is private, and has a ${found.field === 'host' ? 'host name' : 'path'}`;
      return [{ at: found.at, message, hint: `remove ${found.field}, or visibility: private` }];
    }),
  );
