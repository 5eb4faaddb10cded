import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { loadCertificates } from '../../../src/contract/certificates.ts';
import { loadEnvFiles } from '../../../src/contract/env-files.ts';
import { findContract, loadContract } from '../../../src/contract/load.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'portramp-contract-'));
});
afterEach(() => rm(root, { recursive: true }));

const write = async (name: string, content: string | Uint8Array): Promise<void> => {
  const path = join(root, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
};

const SMALL = 'version: 1\nworkspace: shop\nservices:\n  api: { command: x }\n';

describe('finding', () => {
  it('takes the nearest folder upwards, and the preferred name', async () => {
    await write('portramp.yaml', SMALL);
    await write('portramp.json', '{}');
    await write('apps/portramp.yml', SMALL);
    await mkdir(join(root, 'apps/web/src'), { recursive: true });
    await mkdir(join(root, 'lib'));
    expect(await findContract(join(root, 'apps/web/src'))).toEqual({
      root: join(root, 'apps'),
      file: join(root, 'apps/portramp.yml'),
    });
    expect(await findContract(join(root, 'lib'))).toEqual({ root, file: join(root, 'portramp.yaml') });
  });
});

describe('loading', () => {
  it('warns of a second contract beside the first', async () => {
    await write('portramp.yaml', SMALL);
    await write('portramp.json', '{}');
    const loaded = await loadContract(root, { personal: false });
    expect(loaded.contract?.workspace).toBe('shop');
    expect(loaded.diagnostics).toEqual([
      {
        code: 'PR001',
        severity: 'warning',
        message: 'portramp.json is not read: portramp.yaml beside it is the contract',
        hint: 'remove one of them',
        file: join(root, 'portramp.json'),
        line: 1,
        column: 1,
      },
    ]);
  });

  it('lays the personal overlay on top, only if asked', async () => {
    await write('portramp.yaml', SMALL);
    await write('portramp.local.yaml', 'services: { api: { command: mine } }\n');
    const personal = await loadContract(root, { personal: true });
    expect(personal.contract?.services.get('api')).toMatchObject({ command: 'mine' });
    expect(personal.files).toEqual([join(root, 'portramp.yaml'), join(root, 'portramp.local.yaml')]);
    const shared = await loadContract(root, { personal: false });
    expect(shared.contract?.services.get('api')).toMatchObject({ command: 'x' });
    expect(shared.files).toEqual([join(root, 'portramp.yaml')]);
  });

  it('watches for a personal overlay that is not there', async () => {
    await write('portramp.yaml', SMALL);
    const { contract, files } = await loadContract(root, { personal: true });
    expect(contract).toBeDefined();
    expect(files).toContain(join(root, 'portramp.local.yaml'));
  });

  it('reads the chosen environment', async () => {
    await write(
      'portramp.json',
      JSON.stringify({
        version: 1,
        workspace: 'shop',
        services: { api: { command: 'x' } },
        environments: { test: { services: { api: { command: 'y' } } } },
      }),
    );
    const { contract, environments } = await loadContract(root, { environment: 'test', personal: false });
    expect(contract?.services.get('api')).toMatchObject({ command: 'y' });
    expect(environments).toEqual(['dev', 'test']);
  });

  it.each<[string, string | Uint8Array | undefined, RegExp]>([
    ['no file', undefined, /does not exist/],
    ['an empty file', '', /empty/],
    ['bytes that are no text', Uint8Array.from([0xff, 0xfe, 0x00, 0x41]), /not UTF-8/],
    ['a picture', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0]), /not UTF-8/],
    ['control characters', 'a: \u0001\n', /control characters/],
    ['a huge file', new Uint8Array(17 * 1024 * 1024), /too much/],
  ])('is a finding for %s', async (_name, content, message) => {
    if (content !== undefined) await write('portramp.yaml', content);
    const { contract, diagnostics } = await loadContract(root, { personal: true });
    expect(contract).toBeUndefined();
    expect(diagnostics).toMatchObject([
      { code: 'PR001', severity: 'error', file: join(root, 'portramp.yaml') },
    ]);
    expect(diagnostics[0]!.message).toMatch(message);
    expect(diagnostics[0]!.hint).toBeDefined();
  });

  it('is a finding for folders in the place of files', async () => {
    await mkdir(join(root, 'portramp.yaml'));
    expect((await loadContract(root, { personal: true })).diagnostics).toMatchObject([
      { message: 'portramp.yaml is a folder' },
    ]);
  });

  it('is a finding for a personal overlay that cannot be read', async () => {
    await write('portramp.yaml', SMALL);
    await mkdir(join(root, 'portramp.local.yaml'));
    const { contract, diagnostics } = await loadContract(root, { personal: true });
    expect(contract).toBeUndefined();
    expect(diagnostics).toMatchObject([{ file: join(root, 'portramp.local.yaml') }]);
  });

  it('names directories that do not exist, where they are written', async () => {
    await write('file', '');
    await mkdir(join(root, 'apps/web'), { recursive: true });
    await write(
      'portramp.yaml',
      'version: 1\nworkspace: shop\nservices:\n  web: { command: x, dir: apps/web }\n  api: { command: x, dir: apps/api }\n  f: { command: x, dir: file }\n',
    );
    const { contract, partial, diagnostics } = await loadContract(root, { personal: false });
    expect(contract).toBeUndefined();
    expect(partial).toBeDefined();
    expect(diagnostics).toMatchObject([
      { line: 5, column: 27, message: 'the directory apps/api does not exist' },
      { line: 6, column: 25, message: 'the directory file does not exist' },
    ]);
  });
});

describe('env files', () => {
  const load = async (): ReturnType<typeof loadEnvFiles> => {
    const { contract } = await loadContract(root, { personal: false });
    if (contract === undefined) throw new Error('no contract');
    return loadEnvFiles(root, contract);
  };

  it('are read relative to the root and to dir', async () => {
    await write('.env', 'A=1\nB="two words" # comment\nexport C=3\n');
    await write('apps/api/.env.api', 'A=4\n');
    await write(
      'portramp.yaml',
      'version: 1\nworkspace: shop\ndefaults: { envFile: .env }\nservices:\n  api: { command: x, dir: apps/api, envFile: [.env.api] }\n',
    );
    const { values, diagnostics } = await load();
    expect(diagnostics).toEqual([]);
    expect(Object.fromEntries(values)).toEqual({
      '.env': { A: '1', B: 'two words', C: '3' },
      'apps/api/.env.api': { A: '4' },
    });
  });

  it('that are missing are found where they are named, unless they are optional', async () => {
    await mkdir(join(root, 'folder'));
    await write(
      'portramp.yaml',
      'version: 1\nworkspace: shop\ndefaults:\n  envFile: [.env]\nservices:\n  a: { command: x, envFile: [{ path: none, optional: true }] }\n  b: { command: x }\n  c: { command: x, envFile: [{ path: folder, optional: true }] }\n',
    );
    const { values, diagnostics } = await load();
    expect(values.size).toBe(0);
    expect(diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
      '4:13 the env file .env does not exist',
      '8:30 the env file folder is a folder',
    ]);
    expect(diagnostics.map(({ hint }) => hint)).toEqual([
      'create it, or write { path: …, optional: true }',
      'name a file in it, or remove it from envFile',
    ]);
  });
});

it.skipIf(process.platform === 'win32')('an env file that is a pipe is not to be created', async () => {
  execFileSync('mkfifo', [join(root, '.env')]);
  await write(
    'portramp.yaml',
    'version: 1\nworkspace: shop\nservices:\n  a: { command: x, envFile: [{ path: .env, optional: true }] }\n',
  );
  const { contract } = await loadContract(root, { personal: false });
  if (contract === undefined) throw new Error('no contract');
  const { diagnostics } = await loadEnvFiles(root, contract);
  expect(diagnostics).toMatchObject([
    {
      message: 'the env file .env is a pipe that nobody writes to',
      hint: 'let what fills .env write to it, or put a file with lines NAME=value in its place',
    },
  ]);
});

describe('certificates of authorities', () => {
  it('are read once by their path; what is none is an error where it is named', async () => {
    await write('corp.pem', '-----BEGIN CERTIFICATE-----\nx\n');
    await write('key.pem', '-----BEGIN PRIVATE KEY-----\nx\n');
    const tls = (ca: string): string => `{ external: "https://h", tls: { ca: ${ca} } }`;
    await write(
      'portramp.yaml',
      `version: 1\nworkspace: shop\nservices:\n  a: ${tls('corp.pem')}\n  b: ${tls('key.pem')}\n  c: ${tls('none.pem')}\n`,
    );
    const { contract } = await loadContract(root, { personal: false });
    if (contract === undefined) throw new Error('no contract');
    const { values, diagnostics } = await loadCertificates(root, contract);
    expect([...values.keys()]).toEqual(['corp.pem']);
    expect(diagnostics.map(({ line, message }) => `${line} ${message}`)).toEqual([
      '5 the file key.pem holds no certificate in PEM form',
      '6 the file none.pem does not exist',
    ]);
  });
});
