import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findComposeFiles } from '../../../src/runtime/compose/files.ts';
import { listWatched } from '../../../src/stack/compose/watched.ts';

describe('listWatched', () => {
  let folder = '';
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-watched-')));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const list = async (
    files: Readonly<Record<string, string>>,
    query: Partial<Parameters<typeof findComposeFiles>[0]> = {},
  ): Promise<string[]> => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const found = await findComposeFiles({ cwd: folder, environment: { HERE: 'sub' }, files: [], ...query });
    const watched = found === undefined ? [] : await listWatched(found);
    return watched.map((path) => relative(folder, path)).sort();
  };
  const named = { files: ['main.yaml'] };

  it.each<[string, string, string[]]>([
    ['env_file: a.env', 'services: { a: { env_file: a.env } }', ['a.env']],
    [
      'env_file as list and map',
      'services: { a: { env_file: [a.env, { path: b.env, required: false }] } }',
      ['a.env', 'b.env'],
    ],
    ['a variable', 'services: { a: { env_file: "${HERE}/${WHO:-a}.env" } }', ['sub/a.env']],
    [
      'configs and secrets',
      'configs: { c: { file: c } }\nsecrets: { s: { file: ./s }, v: { environment: V } }',
      ['c', 's'],
    ],
    ['extends within the file', 'services: { a: { extends: b }, b: { extends: { service: c } } }', []],
    [
      'include from elsewhere',
      'include: ["https://example.com/x.git", "oci://example.com/x", "git@example.com:x/y"]',
      [],
    ],
    [
      'several documents, and a tag',
      'services: { a: { env_file: !override [a.env] } }\n---\nservices: { b: { env_file: b.env } }',
      ['a.env', 'b.env'],
    ],
    [
      'images and mounts',
      'services: { a: { build: { context: ., dockerfile: D }, volumes: ["./x:/x"] } }',
      [],
    ],
    ['no Compose file', '- services', []],
    ['no YAML', '{{', []],
  ])('%s', async (_, text, expected) => {
    expect(await list({ 'main.yaml': text }, named)).toEqual(['.env', 'main.yaml', ...expected].sort());
  });

  it('follows include and extends, each from its own folder, and ends in a circle', async () => {
    const files = {
      'main.yaml':
        'include: [one/a.yaml, { path: [two/b.yaml, c.yaml], project_directory: three, env_file: e.env }]',
      'one/a.yaml':
        'services: { a: { extends: { file: base/d.yaml, service: d } } }\ninclude: [../main.yaml]',
      'one/base/d.yaml': 'services: { d: { env_file: d.env } }',
      'two/b.yaml': 'configs: { b: { file: b.conf } }',
    };
    expect(await list(files, named)).toEqual(
      [
        '.env',
        'c.yaml',
        'e.env',
        'main.yaml',
        'one/.env',
        'one/a.yaml',
        'one/base/d.env',
        'one/base/d.yaml',
        'three/b.conf',
        'two/b.yaml',
      ].sort(),
    );
  });

  it('knows the files that Compose would find by itself, and env files that are named instead of .env', async () => {
    const files = { 'compose.yaml': 'services: {}' };
    const found = await list(files, { envFiles: ['x.env'] });
    expect(found).toEqual(expect.arrayContaining(['compose.override.yaml', 'docker-compose.yml', 'x.env']));
    expect(found).not.toContain('.env');
    expect(await list(files, { environment: { COMPOSE_ENV_FILES: 'y.env,z.env' } })).toEqual(
      expect.arrayContaining(['y.env', 'z.env']),
    );
  });
});
