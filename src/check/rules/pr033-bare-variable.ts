import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import type { Path } from '../../contract/tree.ts';
import type { Rule } from './rule.ts';

export const PR033: Rule = {
  id: 'PR033',
  severity: 'warning',
  title: 'a `$NAME` that no shell reads, so that it is handed on as text',
  reasoning:
    'A command that is text runs in a shell, which knows $PORT. A value of env and the words of a command that is ' +
    'a list are read by portramp alone, which knows ${self.port}, ${NAME} and ${NAME:-default}: the program would ' +
    'be told "$PORT", and one in Node.js then listens on a socket file of that name. $$ is a dollar sign.',
  find: ({ contract }) => findBare(contract),
};

const findBare = (contract: Contract): Finding[] =>
  [...contract.services.values()].flatMap((service) => {
    if (service.kind === 'external') return [];
    const path = ['services', service.name];
    const command = service.kind === 'process' ? service.command : '';
    return [
      ...Object.entries(service.env).flatMap(([key, value]) =>
        describe(variableIn(value ?? ''), `${key} of ${service.name}`, [...path, 'env', key]),
      ),
      ...(typeof command === 'string' ? [] : command).flatMap((word, index) =>
        describe(variableAlone(word), `the command of ${service.name}`, [...path, 'command', index]),
      ),
    ];
  });

/** Upper case only: a password may hold any other `$word`. */
const variableIn = (value: string): string | undefined =>
  /\$([A-Z_][A-Z0-9_]+)/.exec(value.replaceAll('$$', ''))?.[1];

/** A whole word, or the value of a flag: in a longer one, a shell or another program may be meant to read it. */
const variableAlone = (word: string): string | undefined =>
  /^(?:--?[\w-]+=)?\$([A-Z_][A-Z0-9_]+)$/.exec(word)?.[1];

const describe = (name: string | undefined, where: string, at: Path): Finding[] =>
  name === undefined
    ? []
    : [
        {
          at,
          message: `$${name} is only text in ${where}: no shell reads it`,
          hint: `write "${name === 'PORT' ? '${self.port}' : `\${${name}}`}", or $$${name} for the text itself`,
        },
      ];
