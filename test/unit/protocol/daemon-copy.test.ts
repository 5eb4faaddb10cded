import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { copyBundle, markInUse, removeOldCopies } from '../../../src/protocol/daemon-copy.ts';

let folder = '';
let bundle = '';
let versions = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-copy-'));
  bundle = join(folder, 'dist');
  versions = join(folder, 'versions');
  mkdirSync(bundle);
  writeFileSync(join(bundle, 'daemon.js'), 'import "./chunk.js";\n');
  writeFileSync(join(bundle, 'chunk.js'), 'export {};\n');
});

afterEach(() => rmSync(folder, { recursive: true }));

const copy = (): Promise<string> => copyBundle(bundle, versions, '1.0.0');

function contentOf(path: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(path)
      .sort()
      .map((name) => [name, readFileSync(join(path, name), 'utf8')]),
  );
}

const WHOLE = {
  'chunk.js': 'export {};\n',
  'daemon.js': 'import "./chunk.js";\n',
  'package.json': '{ "type": "module" }\n',
};

describe('the copy of the bundle', () => {
  it('is made once, and used again', async () => {
    const first = await copy();
    await markInUse(first);
    expect(await copy()).toBe(first);
    // Not made again: the mark is still there.
    expect(readdirSync(first)).toContain('in-use.json');
    expect(readdirSync(versions)).toHaveLength(1);
  });

  it.each([
    ['a file that was cut off', (path: string) => truncateSync(join(path, 'daemon.js'), 3)],
    ['an empty file', (path: string) => truncateSync(join(path, 'chunk.js'))],
    ['other content', (path: string) => writeFileSync(join(path, 'chunk.js'), 'export default 1;\n')],
    ['a missing chunk', (path: string) => rmSync(join(path, 'chunk.js'))],
    ['a missing manifest', (path: string) => rmSync(join(path, 'package.json'))],
    ['another manifest', (path: string) => writeFileSync(join(path, 'package.json'), '{}')],
    [
      'a folder in the place of a file',
      (path: string) => {
        rmSync(join(path, 'daemon.js'));
        mkdirSync(join(path, 'daemon.js'));
      },
    ],
    ['nothing in it', (path: string) => readdirSync(path).forEach((name) => rmSync(join(path, name)))],
    ['a file that may not be read', (path: string) => chmodSync(join(path, 'chunk.js'), 0)],
    [
      'a file in its place',
      (path: string) => {
        rmSync(path, { recursive: true });
        writeFileSync(path, '');
      },
    ],
    [
      'a link in its place',
      (path: string) => {
        rmSync(path, { recursive: true });
        symlinkSync(bundle, path);
      },
    ],
  ])('is made again when it has %s', async (_, damage) => {
    const path = await copy();
    damage(path);
    expect(await copy()).toBe(path);
    expect(contentOf(path)).toEqual(WHOLE);
    expect(contentOf(bundle)).toEqual({ 'chunk.js': WHOLE['chunk.js'], 'daemon.js': WHOLE['daemon.js'] });
    expect(readdirSync(versions)).toHaveLength(1);
  });

  it('is another one when the bundle changes; old ones go when nobody runs from them', async () => {
    const old = await copy();
    writeFileSync(join(bundle, 'chunk.js'), 'export const next = 1;\n');
    const next = await copy();
    expect(next).not.toBe(old);
    // Made just now: somebody may be about to use it.
    expect(await removeOldCopies(versions, next)).toEqual([]);
    const past = new Date(Date.now() - 3_600_000);
    utimesSync(old, past, past);
    expect(await removeOldCopies(versions, next)).toHaveLength(1);
    expect(readdirSync(versions)).toHaveLength(1);
  });

  it('is kept while a process runs from it', async () => {
    const old = await copy();
    await markInUse(old);
    writeFileSync(join(bundle, 'chunk.js'), 'export const next = 1;\n');
    const past = new Date(Date.now() - 3_600_000);
    utimesSync(old, past, past);
    expect(await removeOldCopies(versions, await copy())).toEqual([]);
  });

  it('is not made of an installation without a daemon, which is said with what to do', async () => {
    rmSync(join(bundle, 'daemon.js'));
    await expect(copy()).rejects.toMatchObject({
      code: 'DAEMON_UNREACHABLE',
      hint: expect.stringContaining('install it again') as string,
    });
  });
});
