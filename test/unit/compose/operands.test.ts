/** Which services a command line of Compose is about. */
import { expect, it } from 'vitest';

import { namedServices } from '../../../src/runtime/compose/operands.ts';

it.each([
  ['run store', 'store'],
  ['run --rm -it -e web store sh -c web', 'store'],
  ['run -ite web store', 'store'],
  ['run -eA=web --env=web --user web store', 'store'],
  ['run --name web -- store web', 'store'],
  ['run --rm other web', ''],
  ['run', ''],
  ['exec -T store web', 'store'],
  ['logs -f web store', 'web store'],
  ['up -d store', 'store'],
  ['scale store=2 web=1', 'store web'],
  ['cp ./x store:/data', 'store'],
  ['ps', ''],
])('%s names %j', (line, services) => {
  const [command, ...rest] = line.split(' ');
  const isService = (word: string): boolean => ['store', 'web'].includes(word);
  expect(namedServices({ command, rest }, isService).join(' ')).toBe(services);
});
