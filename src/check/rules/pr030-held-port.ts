import type { Rule } from './rule.ts';

export const PR030: Rule = {
  id: 'PR030',
  severity: 'error',
  title: 'a static or reserved port that a stranger holds right now (only with `--live`)',
  reasoning:
    'The other rules read files; this one looks at the machine. A static port that some other ' +
    'program holds cannot be given to its service, and a reserved one may be held by whoever it is ' +
    'reserved for: the first is an error, the second a note. The holder is named by pid, command and ' +
    'directory, as far as this user may see them.',
};
