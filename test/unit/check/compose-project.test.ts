import { expect, it } from 'vitest';

import { joinComposeProject, type ReadComposeProject } from '../../../src/check/compose-project.ts';
import { read } from '../contract/read.ts';

const contract = read(
  'compose: {}\nservices:\n  api: { command: run, consumes: [db] }\n  db: { compose: postgres }\n',
);

it.each<[string, Awaited<ReturnType<ReadComposeProject>>, boolean]>([
  ['are not there', undefined, false],
  ['nobody can read', { by: 'nobody', diagnostics: [], isBeyond: true }, true],
])('where Compose files %s, the contract stays as it is', async (_, reading, isIncomplete) => {
  const joined = await joinComposeProject('/shop', contract, async () => reading);
  expect(joined).toEqual({ contract, diagnostics: [], isIncomplete });
  expect(joined.contract).toBe(contract);
});

it('a contract that counts on no Compose project asks for none', async () => {
  const alone = read('services:\n  api: { command: run }\n');
  const joined = await joinComposeProject('/shop', alone, () => Promise.reject(new Error('asked')));
  expect(joined).toEqual({ contract: alone, diagnostics: [], isIncomplete: false });
});
