import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findComposeFiles, profilesIn } from '../../../src/runtime/compose/files.ts';

describe('findComposeFiles', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portramp-files-'));
    mkdirSync(join(folder, 'below'));
    const files = {
      'compose.yaml': '',
      'other.yaml': '',
      '.env': 'COMPOSE_PROFILES=a,b\nX=env\nY=env\n',
      'own.env': 'X=own\nCOMPOSE_FILE=other.yaml\n',
      'more.env': 'X=more\n',
      'below/.env': 'X=below\n',
      'below/compose.yaml': '',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const find = async (query: Partial<Parameters<typeof findComposeFiles>[0]> = {}) => {
    const found = await findComposeFiles({ cwd: folder, environment: { Y: 'shell' }, files: [], ...query });
    return { ...found, files: found?.files.map((file) => file.slice(folder.length + 1)) };
  };

  it('reads .env, of which the shell counts more', async () => {
    const { files, variables = {} } = await find();
    expect(files).toEqual(['compose.yaml']);
    expect(variables).toMatchObject({ X: 'env', Y: 'shell' });
    expect(profilesIn(variables, [])).toEqual(['a', 'b']);
    expect(profilesIn(variables, ['c'])).toEqual(['c']);
  });

  it('does not wait for ever at a pipe that nobody fills', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe.env')]);
    await expect(find({ envFiles: ['pipe.env'] })).rejects.toMatchObject({
      code: 'COMPOSE_INVALID',
      message: expect.stringContaining('pipe.env is a pipe that nobody writes to') as string,
    });
  });

  it('tells what Compose would refuse in an env file, with its line', async () => {
    writeFileSync(join(folder, 'own.env'), 'X=1\nA="open\n');
    const { problem, variables } = await find({ envFiles: ['own.env'] });
    expect(problem).toMatch(/own\.env, line 2: the quote " is not closed$/);
    expect(variables).toMatchObject({ X: '1' });
  });

  it('reads the env files that are named instead, the last one first', async () => {
    const { files, variables } = await find({ envFiles: ['own.env', 'more.env'] });
    expect(files).toEqual(['other.yaml']);
    expect(variables).toMatchObject({ X: 'more', Y: 'shell' });
    expect(variables).not.toHaveProperty('COMPOSE_PROFILES');
    expect(await find({ environment: { COMPOSE_ENV_FILES: 'own.env' } })).toMatchObject({
      files: ['other.yaml'],
      variables: { X: 'own' },
    });
  });

  it('reads the .env that is beside a file that is named', async () => {
    const { files, variables } = await find({ files: ['below/compose.yaml'] });
    expect(files).toEqual(['below/compose.yaml']);
    expect(variables).toMatchObject({ X: 'below' });
  });
});
