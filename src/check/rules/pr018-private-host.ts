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
      const at = ['services', service.name, 'ports', port.name, 'host'];
      // `host: false` says the same as private does.
      if (port.visibility !== 'private' || (contract.written(at) ?? false) === false) return [];
      const message = `${service.name}.${port.name} is private, and has a host name`;
      return [{ at, message, hint: 'remove host, or visibility: private' }];
    }),
  );
