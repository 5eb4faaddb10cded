import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { looksLikeSecret } from '../secret.ts';
import type { Rule } from './rule.ts';

export const PR025: Rule = {
  id: 'PR025',
  severity: 'warning',
  title: 'a literal that looks like a secret (known prefixes, entropy) in `env`',
  reasoning:
    'The contract is committed, and what was committed once stays in the history of every clone. ' +
    'Keys and tokens belong into an env file that git ignores, or into the environment: write ' +
    '${NAME} in the contract. The value is not printed here.',
  find: ({ contract }) => findSecrets(contract),
};

const findSecrets = (contract: Contract): Finding[] =>
  [...contract.services.values()].flatMap((service) =>
    service.kind === 'external'
      ? []
      : Object.entries(service.env).flatMap(([name, value]) => {
          const why = value === null ? undefined : looksLikeSecret(name, value);
          if (why === undefined) return [];
          return [
            {
              at: ['services', service.name, 'env', name],
              message: `the value of ${name} looks like a secret: ${why}`,
              hint: `write "\${${name}}" here, and the value into an env file that git ignores`,
            },
          ];
        }),
  );
