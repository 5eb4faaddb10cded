import type { Finding } from '../../contract/finding.ts';
import type { ComposeFile, PinnedName } from '../facts/compose-file.ts';
import type { Rule } from './rule.ts';

export const PR024: Rule = {
  id: 'PR024',
  severity: 'warning',
  title:
    'a Compose service with a fixed `container_name`, host network or pinned volume name, so that two stacks collide',
  reasoning:
    "Compose keeps two projects apart by putting the project's name before everything it makes. A " +
    'fixed container_name, a name: on a volume or network, and network_mode: host step out of that: ' +
    'the second branch finds the container taken, or, worse, writes into the database of the first. ' +
    'Names with a variable in them are left alone, external volumes and networks too.',
  findOnce: ({ facts }) => facts.compose.flatMap(findCollisions),
};

const findCollisions = ({ services, pinned }: ComposeFile): Finding[] => [
  ...services.flatMap(({ name, containerName, hostNetwork }) => [
    ...(containerName === undefined ? [] : [describe(containerName)]),
    ...(hostNetwork === undefined
      ? []
      : [
          {
            at: hostNetwork,
            message: `${name} uses the network of the host, so its ports are the same in every stack`,
            hint: 'publish its ports instead: ports: ["127.0.0.1::5432"]',
          },
        ]),
  ]),
  ...pinned.map(describe),
];

function describe({ kind, key, name, at }: PinnedName): Finding {
  if (kind === 'container') {
    const message = `the container of ${key} is called ${name} in every stack, and only one of them can run`;
    return { at, message, hint: 'remove container_name' };
  }
  const effect = kind === 'volume' ? 'share its data' : 'are joined by it';
  return {
    at,
    message: `the ${kind} ${key} is called ${name} in every stack, so all of them ${effect}`,
    hint: `remove name, or write external: true if that is meant`,
  };
}
