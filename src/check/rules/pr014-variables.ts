import type { Rule } from './rule.ts';

export const PR014: Rule = {
  id: 'PR014',
  severity: 'error',
  title:
    'injected variables that collide with each other or with names that tools reserve (`DOCKER_HOST`, `NODE_*`, `PORTRAMP_*`); an explicit `env` entry that overrides an injected one is fine',
  reasoning:
    'The names of injected variables are made from the names of services and ports, so two of them ' +
    'can fall together (port "b-c" of "a" and port "c" of "a-b"), or onto a name that another tool ' +
    'obeys: a service "docker" would set DOCKER_HOST for everything below. Rename one, or write the ' +
    'variable into "env", which always wins.',
};
