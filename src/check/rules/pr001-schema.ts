import type { Rule } from './rule.ts';

export const PR001: Rule = {
  id: 'PR001',
  severity: 'error',
  title: 'schema error, unknown key',
  reasoning:
    'The contract is strict: a key that nobody reads is a wish that nobody grants, and a typing ' +
    'error in it would be found at run time, as a service that behaves oddly. Every key, type and ' +
    'value is therefore checked before anything starts, YAML warnings included. The hint names the ' +
    'nearest known key; "portramp schema" prints the whole format, and editors complete it from ' +
    'schema.json.',
};
