import type { Rule } from './rule.ts';

export const PR010: Rule = {
  id: 'PR010',
  severity: 'error',
  title: 'consumes an unknown service or port',
  reasoning:
    'A consumer is told where its providers are and waits for them. A name that does not exist can ' +
    'be neither told nor awaited. Groups, reservations and access lists are checked in the same way, ' +
    'and so is "condition: completed" on a service that never ends.',
};
