import type { Finding } from '../../contract/finding.ts';
import { injectionsOf } from '../../plan/told.ts';
import { commandsOf } from '../commands.ts';
import { turboRunIn, type TurboConfig } from '../facts/turbo.ts';
import { processesOf, type Rule, type Scene } from './rule.ts';

export const PR029: Rule = {
  id: 'PR029',
  severity: 'warning',
  title: 'turbo in strict mode drops variables that the contract injects',
  reasoning:
    'Turborepo hands on only the variables that turbo.json names (since version 2, "strict" is the ' +
    'default). A service that is started through it then knows neither its own PORT nor where its ' +
    'providers are. Name the variables in globalPassThroughEnv, which does not change cache keys, or ' +
    'start the service without turbo.',
  find: (scene) => findDropped(scene),
};

function findDropped({ contract, plan, facts }: Scene): Finding[] {
  if (facts.turbo === undefined) return [];
  const { turbo } = facts;
  return processesOf(contract).flatMap((service): Finding[] => {
    const planned = plan.services.get(service.name);
    if (planned === undefined) return [];
    const injected = injectionsOf(planned, plan.services, contract.discovery).map(({ name }) => name);
    const names = [...new Set([...injected, ...Object.keys(service.env)])].filter(
      (name) => !name.startsWith('PORTRAMP_'),
    );
    return commandsOf(service, facts).flatMap(({ words, at }) => {
      const run = turboRunIn(words);
      if (run === undefined || run.isLoose) return [];
      const dropped = names.filter((name) => isDropped(name, run.tasks, turbo));
      if (dropped.length === 0) return [];
      const list = [...turbo.globalPassThrough, ...dropped].map((name) => `"${name}"`).join(', ');
      return [
        {
          at,
          message: `${service.name} runs through turbo in strict mode, which drops ${dropped.join(', ')}`,
          hint: `write in turbo.json: "globalPassThroughEnv": [${list}]`,
        },
      ];
    });
  });
}

const isDropped = (name: string, tasks: readonly string[], turbo: TurboConfig): boolean =>
  turbo.isStrict && !turbo.passes(name, tasks);
