import type { Finding } from '../../contract/finding.ts';
import { commandsOf } from '../commands.ts';
import { portFlagIn } from '../port-flag.ts';
import { processesOf, type Rule, type Scene } from './rule.ts';

export const PR028: Rule = {
  id: 'PR028',
  severity: 'warning',
  title: 'a command with a hard-coded port flag, which beats `PORT`',
  reasoning:
    'A service listens where PORT says. "next dev -p 3000" does not: a flag is stronger than the ' +
    'environment, so the service opens 3000 in every checkout, the second one fails or takes another ' +
    'number by itself, and the lease stays empty. Remove the flag, or write ${self.port}.',
  find: (scene) => findFlags(scene),
};

const findFlags = ({ contract, facts }: Scene): Finding[] =>
  processesOf(contract).flatMap((service) => {
    if (service.ports.length === 0) return [];
    return commandsOf(service, facts).flatMap(({ words, at, beside }) => {
      if (beside !== undefined) return [];
      const flag = portFlagIn(words);
      if (flag === undefined) return [];
      const message = `${service.name} is started with ${flag}, which beats the PORT that it is given`;
      return [{ at, message, hint: 'remove it, or write ${self.port} in the contract' }];
    });
  });
