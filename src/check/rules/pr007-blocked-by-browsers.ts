import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { isRoutable } from '../../contract/ports.ts';
import { BLOCKED_PORTS } from '../../lib/blocked-ports.ts';
import { processesOf, type Rule } from './rule.ts';

export const PR007: Rule = {
  id: 'PR007',
  severity: 'error',
  title: 'a port that browsers refuse, on an http port',
  reasoning:
    'Browsers refuse to fetch from about eighty ports that belong to other protocols (WHATWG Fetch, ' +
    '"bad ports"): 6000, 6665-6669, 10080 and more. Such a service answers curl and not the page ' +
    'that needs it, with an error that does not say why. Leases avoid these numbers; a static port ' +
    'must as well.',
  find: ({ contract }) => findBlocked(contract),
};

const findBlocked = (contract: Contract): Finding[] =>
  processesOf(contract).flatMap((service) =>
    service.ports.flatMap((port) => {
      if (port.static === undefined || !isRoutable(port.appProtocol) || !BLOCKED_PORTS.has(port.static))
        return [];
      return [
        {
          at: ['services', service.name, 'ports', port.name, 'static'],
          message: `browsers refuse to open port ${port.static}`,
          hint: 'use another number, or write appProtocol: tcp if no browser talks to it',
        },
      ];
    }),
  );
