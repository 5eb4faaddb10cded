import type { Finding } from '../../contract/finding.ts';
import { processesOf, type Survey } from '../rules/rule.ts';

/** The image of a service exposes ports that the contract does not know. */
export function findInDockerfiles({ scenes, facts }: Survey): Finding[] {
  const [dev] = scenes;
  if (dev === undefined) return [];
  const processes = processesOf(dev.contract);
  return [...facts.dockerfiles].flatMap(([dir, { exposed }]): Finding[] => {
    const [service, another] = processes.filter((each) => each.dir === dir);
    const [first] = exposed;
    // With several services in one folder nobody knows whose image it is.
    if (service === undefined || another !== undefined || first === undefined) return [];
    const list = exposed.map((each) => each.port).join(', ');
    const { name, ports } = service;
    if (ports.length === 0) {
      const message = `the image of ${name} exposes ${list}, and the contract says ports: false`;
      return [{ at: first.at, message, hint: `remove ports: false from ${name}, or EXPOSE here` }];
    }
    if (exposed.length <= ports.length) return [];
    const names = ports.map((port) => port.name).join(', ');
    return [
      {
        at: first.at,
        severity: 'warning',
        message: `the image of ${name} exposes ${list}, and the contract knows ${names} only`,
        hint: `declare the others below ports of ${name}, so that each has a number of its own`,
      },
    ];
  });
}
