import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import type { Rule } from './rule.ts';

export const PR020: Rule = {
  id: 'PR020',
  severity: 'warning',
  title: 'reservation expired or without owner',
  reasoning:
    'A reservation keeps a number from everybody for the sake of somebody. When nobody knows who ' +
    'that is, it can never be given back; when its day has passed, it is time to ask. Renew it, or ' +
    'remove it.',
  find: ({ contract, facts }) => findStale(contract, facts.today),
};

/** Dates of one form compare like text. */
const findStale = ({ reservations }: Contract, today: string): Finding[] =>
  reservations.flatMap(({ port, owner, expires }, index) => {
    const findings: Finding[] = [];
    if (expires !== undefined && expires < today) {
      const whom = owner === undefined ? '' : `; ask ${owner}`;
      findings.push({
        at: ['reservations', index, 'expires'],
        message: `the reservation of ${port} expired on ${expires}`,
        hint: `renew it, or remove it${whom}`,
      });
    }
    if (owner === undefined) {
      const hint = 'add owner: who can say whether it is still needed';
      findings.push({
        at: ['reservations', index],
        message: `the reservation of ${port} has no owner`,
        hint,
      });
    }
    return findings;
  });
