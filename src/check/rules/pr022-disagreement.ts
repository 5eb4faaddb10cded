import { findInCompose } from '../disagreement/compose.ts';
import { findInDevcontainers } from '../disagreement/devcontainer.ts';
import { findInDockerfiles } from '../disagreement/dockerfile.ts';
import type { Rule } from './rule.ts';

export const PR022: Rule = {
  id: 'PR022',
  severity: 'error',
  title: 'Compose, Dockerfile or devcontainer disagree with the contract',
  reasoning:
    'The same ports are often written down a second time: published by Compose, exposed by a ' +
    'Dockerfile, forwarded by a devcontainer. When the two differ, one of them is out of date, and ' +
    'which one is found out by whoever believes the wrong one. Compose files, Dockerfiles in the ' +
    'folders of services and devcontainer.json are read as they stand; what holds a variable is left ' +
    'out.',
  findOnce: (survey) => [
    ...findInCompose(survey),
    ...findInDockerfiles(survey),
    ...findInDevcontainers(survey),
  ],
};
