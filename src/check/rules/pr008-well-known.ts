import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { WELL_KNOWN } from './well-known-ports.ts';
import { processesOf, type Rule } from './rule.ts';

export const PR008: Rule = {
  id: 'PR008',
  severity: 'warning',
  title: 'static port that well-known software occupies by default',
  reasoning:
    '5432 is where a PostgreSQL listens that somebody installed years ago and forgot; 5000 and 7000 ' +
    'are taken by AirPlay on every Mac. A contract that pins such a number is in conflict with ' +
    'machines that it has never seen. Leased numbers have no such neighbours.',
  find: ({ contract }) => findWellKnown(contract),
};

const findWellKnown = (contract: Contract): Finding[] =>
  processesOf(contract).flatMap((service) =>
    service.ports.flatMap((port) => {
      const software = port.static === undefined ? undefined : WELL_KNOWN.get(port.static);
      if (software === undefined) return [];
      return [
        {
          at: ['services', service.name, 'ports', port.name, 'static'],
          message: `${port.static} is the default port of ${software}`,
          hint: 'use another number, or remove static and let it be leased',
        },
      ];
    }),
  );
