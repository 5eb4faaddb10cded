import type { Rule } from './rule.ts';

export const PR012: Rule = {
  id: 'PR012',
  severity: 'error',
  title: 'dependency cycle',
  reasoning:
    'Services that wait for each other never start. An entry with "optional: true" tells the address ' +
    'and waits for nobody: make one edge of the circle optional, or remove it.',
};
