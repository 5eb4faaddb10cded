import type { Rule } from './rule.ts';

export const PR002: Rule = {
  id: 'PR002',
  severity: 'error',
  title: 'one static port claimed twice in an environment (binds that overlap count)',
  reasoning:
    'Two listeners on one number either fail to start or, on different addresses of one machine ' +
    '(127.0.0.1 and ::1), both start and share the number without a word: then it depends on the ' +
    'client who answers. The address of an external service on this machine counts too. Give one of ' +
    'the two another number, or remove "static" and let it be leased.',
};
