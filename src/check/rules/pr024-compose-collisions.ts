import { sharedServices } from '../../compose/part.ts';
import type { Finding } from '../../contract/finding.ts';
import { findCollisions, type CollidingName, type Collisions } from '../collisions.ts';
import type { Rule, Survey } from './rule.ts';

export const PR024: Rule = {
  id: 'PR024',
  severity: 'warning',
  title:
    'a Compose service with a fixed `container_name`, host network or pinned volume name, so that two stacks collide',
  reasoning:
    "Compose keeps two projects apart by putting the project's name before everything it makes. A " +
    'fixed container_name, a name: or an address range of a volume or network, and network_mode: host step out of ' +
    'that: the second branch finds the container taken, or, worse, writes into the database of the first. ' +
    'portramp compose and portramp dev release such names in all but the main checkout; plain docker compose does ' +
    'not, and nobody can move what is on the network of the host. What is external, or shared with ' +
    'x-portramp.share or compose.share, is left alone, and so is a service with scope: workspace.',
  findOnce: (survey) => {
    const { names, hosts } = collisionsIn(survey);
    return [...names.map(describe), ...hosts.map(describeHost)];
  },
};

export function collisionsIn({ scenes, facts }: Survey): Collisions {
  const contracts = scenes.map(({ contract }) => contract);
  const shared = new Set(contracts.flatMap((contract) => [...sharedServices(contract)]));
  const kept = new Set(contracts.flatMap(({ compose }) => compose?.share ?? []));
  return findCollisions(facts, shared, kept);
}

const describeHost = ({ service, at }: Collisions['hosts'][number]): Finding => ({
  at,
  message: `${service} uses the network of the host, so its ports are the same in every stack`,
  hint: 'publish its ports instead: ports: ["127.0.0.1::5432"]',
});

function describe({ kind, key, name, at }: CollidingName): Finding {
  switch (kind) {
    case 'container': {
      const message = `the container of ${key} is called ${name} in every stack, and only one of them can run`;
      return { at, message, hint: 'remove container_name' };
    }
    case 'addresses': {
      const message = `the network ${key} has the addresses ${name} in every stack, and only one of them can have them`;
      return { at, message, hint: 'remove ipam, so that the engine chooses' };
    }
    case 'volume':
    case 'network': {
      const effect = kind === 'volume' ? 'share its data' : 'are joined by it';
      return {
        at,
        message: `the ${kind} ${key} is called ${name} in every stack, so all of them ${effect}`,
        hint: `remove name, or write external: true if that is meant`,
      };
    }
  }
}
