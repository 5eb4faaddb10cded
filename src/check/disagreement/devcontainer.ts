import type { Finding } from '../../contract/finding.ts';
import { claimsOf } from '../../plan/rules/statics.ts';
import type { Facts } from '../facts/facts.ts';
import type { Survey } from '../rules/rule.ts';

/** Where the front may listen. */
const FRONT = [80, 443, 7267, 7268];

/** A port that is forwarded although nothing listens there: leased numbers are not known beforehand. */
export function findInDevcontainers({ scenes, facts }: Survey): Finding[] {
  const known = new Set<number>([...FRONT, ...composePorts(facts)]);
  for (const { contract } of scenes) {
    for (const { number } of claimsOf(contract)) known.add(number);
    for (const { port } of contract.reservations) known.add(port);
  }
  return facts.devcontainers.flatMap(({ forwarded }) =>
    forwarded
      .filter(({ port }) => !known.has(port))
      .map(({ port, at }) => ({
        at,
        message: `the devcontainer forwards ${port}, and no port of the contract is pinned to it`,
        hint: `pin a port with static: ${port}, or remove it from forwardPorts`,
      })),
  );
}

const composePorts = ({ compose }: Facts): number[] =>
  compose.flatMap((file) =>
    file.services.flatMap((service) =>
      service.ports.flatMap(({ target, published }) => [target, published ?? target]),
    ),
  );
