import { expect, it } from 'vitest';

import { chooseEngine } from '../../../src/proxy/engine/choose.ts';

it.each([
  [undefined, 'wire'],
  ['', 'wire'],
  ['wire', 'wire'],
  ['http-proxy', 'http-proxy'],
])('PORTRAMP_ENGINE=%s is the engine %s', async (name, engine) => {
  expect(await chooseEngine(name)).toMatchObject({ name: engine });
});

it('refuses a name that no engine has, and says which there are', async () => {
  await expect(chooseEngine('Wire')).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('PORTRAMP_ENGINE is "Wire"') as string,
    hint: expect.stringMatching(/wire.*http-proxy/) as string,
  });
});
