import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { processesOf, type Rule } from './rule.ts';

export const PR006: Rule = {
  id: 'PR006',
  severity: 'warning',
  title: 'privileged port',
  reasoning:
    'On most systems numbers below 1024 are for root. A contract that asks for one works on the ' +
    'machine of whoever changed that, and nowhere else. Only the front needs 80 and 443, and it asks ' +
    'for them itself.',
  find: ({ contract }) => findPrivileged(contract),
};

const UNPRIVILEGED = 1024;

function findPrivileged(contract: Contract): Finding[] {
  const hint = `use a number from ${UNPRIVILEGED} on`;
  const ranges = [...contract.ranges].flatMap(([name, { from }]) =>
    from >= UNPRIVILEGED
      ? []
      : [
          {
            at: ['ranges', name, 'from'],
            message: `the range of ${name} begins at ${from}, a privileged port`,
            hint,
          },
        ],
  );
  const ports = processesOf(contract).flatMap((service) =>
    service.ports.flatMap((port) => {
      if (port.static === undefined || port.static >= UNPRIVILEGED) return [];
      const at = ['services', service.name, 'ports', port.name, 'static'];
      return [{ at, message: `${port.static} is a privileged port`, hint }];
    }),
  );
  return [...ranges, ...ports];
}
