import type { Rule } from './rule.ts';

export const PR026: Rule = {
  id: 'PR026',
  severity: 'error',
  title: 'unresolved reference',
  reasoning:
    '${name.attr} must lead to something, else the program would start with an empty address and ' +
    'fail later, elsewhere. A variable ${VAR} that is not set is an error in "dev" and a note here, ' +
    'because the machine that runs the check is not the one that runs the services; ${VAR:-default} ' +
    'has an answer everywhere.',
};
