import type { Rule } from './rule.ts';

export const PR013: Rule = {
  id: 'PR013',
  severity: 'error',
  title: 'host names that collide after slugging, reserved or over-long labels',
  reasoning:
    "A host name leads to one port. Two ports with the same name would take each other's requests; " +
    '"portramp" and "localhost" are taken; a part of a host name has at most 63 characters (RFC ' +
    '1035).',
};
