/** Whose the containers of a project are, by the folder that they were made in. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

import { findForeign } from '../../../src/runtime/compose/foreign.ts';
import type { Container } from '../../../src/runtime/engine/containers.ts';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-foreign-')));
afterAll(() => rmSync(base, { recursive: true }));

const at = (name: string): string => join(base, name);
mkdirSync(at('own/infra'), { recursive: true });
mkdirSync(at('other'));
symlinkSync(at('own'), at('link'));
// Nobody can look through it, root neither: a folder without permission, for everybody else.
symlinkSync(at('loop'), at('loop'));

const madeIn = (folder: string): Container => ({ workingDirectory: folder }) as Container;

it.each<[string, string, string | undefined]>([
  ['its own', 'own', undefined],
  ['one in it, by a link', 'link/infra', undefined],
  ['another', 'other', 'other'],
  ['one that is gone', 'no-such', undefined],
  ['one that cannot be looked at', 'loop', 'loop'],
  ['one in what cannot be looked at', 'loop/infra', 'loop/infra'],
])('%s', async (_, folder, foreign) => {
  const found = await findForeign([madeIn(at(folder))], [at('own')]);
  expect(found).toBe(foreign === undefined ? undefined : at(foreign));
});

it('is nobody else where any folder will do', async () => {
  expect(await findForeign([madeIn(at('other'))], undefined)).toBeUndefined();
});
