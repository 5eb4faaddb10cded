import type { ProcessService } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { commandsOf } from '../commands.ts';
import { portFlagIn } from '../port-flag.ts';
import { overlaps, processesOf, type Rule, type Scene } from './rule.ts';

export const PR016: Rule = {
  id: 'PR016',
  severity: 'error',
  title: 'handoff or rolling with a pinned target port',
  reasoning:
    'For a hand-off two instances run at once, each on a target port of its own: the number that consumers dial is ' +
    "the ramp's. A service that always opens the same number, by a flag, by a PORT of its own or because it " +
    'ignores PORT ("follow: true"), cannot be there twice. A "static" number is no such pin: the ramp has it.',
  find: (scene) =>
    processesOf(scene.contract)
      .filter(overlaps)
      .flatMap((service) => pinsOf(service, scene).map((pin) => describe(service, pin))),
};

interface Pin {
  readonly at: Finding['at'];
  readonly what: string;
}

const describe = ({ name, transition }: ProcessService, { at, what }: Pin): Finding => ({
  at,
  message: `${name} is to be replaced by ${transition.strategy}, but ${what}`,
  hint: 'have it listen where PORT says, or write strategy: replace',
});

function pinsOf(service: ProcessService, { facts }: Scene): Pin[] {
  const { name, ports, env } = service;
  const followed = ports
    .filter((port) => port.follow)
    .map((port) => ({
      at: ['services', name, 'ports', port.name, 'follow'],
      what: `its port ${port.name} is whatever number it opens`,
    }));
  const flags = commandsOf(service, facts).flatMap(({ words, at, beside }) => {
    if (beside !== undefined) return [];
    const flag = portFlagIn(words);
    return flag === undefined ? [] : [{ at, what: `it is started with ${flag}` }];
  });
  const literal = /^\d+$/.test(env['PORT'] ?? '')
    ? [{ at: ['services', name, 'env', 'PORT'], what: `its PORT is always ${env['PORT'] ?? ''}` }]
    : [];
  return [...followed, ...literal, ...(ports.length === 0 ? [] : flags)];
}
