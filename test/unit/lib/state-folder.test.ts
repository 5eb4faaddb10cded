import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { locateHome } from '../../../src/lib/home.ts';
import { checkStateFolder, describeStateError, prepareStateFolder } from '../../../src/lib/state-folder.ts';

let folder = '';
const homeAt = (root: string) => locateHome({ PORTRAMP_HOME: root, XDG_RUNTIME_DIR: folder });
const modeOf = (path: string): number => statSync(path).mode & 0o777;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-state-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const FILES = ['daemon.lock', 'spawn.lock', 'ledger.json', 'front.json', 'daemon.log'];
const FOLDERS = ['versions', 'logs', 'tasks', 'runs', 'runners'];

describe('the state folder', () => {
  it('is made for this user alone, parents included', async () => {
    await prepareStateFolder(homeAt(join(folder, 'a/b')));
    expect(modeOf(join(folder, 'a/b'))).toBe(0o700);
  });

  it('is closed to others when it was open', async () => {
    const root = join(folder, 'open');
    mkdirSync(root);
    chmodSync(root, 0o755);
    await prepareStateFolder(homeAt(root));
    expect(modeOf(root)).toBe(0o700);
  });

  it('may not be a symbolic link', async () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    await expect(prepareStateFolder(homeAt(join(folder, 'link')))).rejects.toMatchObject({
      code: 'STATE_FOLDER',
      message: `${join(folder, 'link')} is a symbolic link`,
    });
  });

  it('may not be a file', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(prepareStateFolder(homeAt(join(folder, 'file')))).rejects.toMatchObject({
      code: 'STATE_FOLDER',
      message: `${join(folder, 'file')} is not a folder`,
    });
  });

  it.skipIf(process.getuid?.() === undefined)('may not belong to somebody else', async () => {
    // Root owns `/`; for root itself, a folder given away will do.
    const root = process.getuid?.() === 0 ? join(folder, 'theirs') : '/usr';
    if (process.getuid?.() === 0) {
      mkdirSync(root);
      chownSync(root, 12345, 12345);
    }
    await expect(checkStateFolder(homeAt(root))).rejects.toMatchObject({ code: 'STATE_FOLDER' });
    await expect(prepareStateFolder(homeAt(root))).rejects.toMatchObject({ code: 'STATE_FOLDER' });
  });

  it.each([...FILES, ...FOLDERS])(
    'may not hold a planted link %s, which stays as it is, like what it leads to',
    async (name) => {
      const root = join(folder, 'home');
      const victim = join(folder, 'victim');
      mkdirSync(root);
      writeFileSync(victim, 'precious');
      symlinkSync(victim, join(root, name));
      await expect(prepareStateFolder(homeAt(root))).rejects.toMatchObject({
        code: 'STATE_FOLDER',
        message: `${join(root, name)} is a symbolic link`,
        hint: `look at it, then move it away: mv ${join(root, name)} ${join(root, name)}.aside`,
      });
      writeFileSync(join(root, `${name}.aside`), '');
      await expect(prepareStateFolder(homeAt(root))).rejects.toMatchObject({
        hint: expect.stringMatching(/\.aside-2$/) as string,
      });
      expect(readFileSync(victim, 'utf8')).toBe('precious');
      expect(lstatSync(join(root, name)).isSymbolicLink()).toBe(true);
    },
  );

  it.each(FILES)('has a folder in the place of %s set aside, with all that is in it', async (name) => {
    const home = homeAt(join(folder, 'home'));
    const path = join(home.root, name);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'kept'), 'precious');
    const [notice = '', ...others] = await prepareStateFolder(home);
    const aside = notice.replace(`${path} was a folder and was set aside as `, '');
    expect(others).toEqual([]);
    expect(existsSync(path)).toBe(false);
    expect(readFileSync(join(aside, 'kept'), 'utf8')).toBe('precious');
    expect(await prepareStateFolder(home)).toEqual([]);
  });

  it.each(FOLDERS)('has a file in the place of %s set aside', async (name) => {
    const home = homeAt(join(folder, 'home'));
    mkdirSync(home.root);
    writeFileSync(join(home.root, name), 'precious');
    const [notice = ''] = await prepareStateFolder(home);
    expect(notice).toContain(`${join(home.root, name)} was not a folder and was set aside as `);
    expect(readFileSync(notice.replace(/.* as /, ''), 'utf8')).toBe('precious');
  });

  it('is opened to its owner again where a mode keeps the owner out', async () => {
    const home = homeAt(join(folder, 'home'));
    mkdirSync(home.versions, { recursive: true });
    writeFileSync(home.ledger, '{}');
    chmodSync(home.versions, 0o500);
    chmodSync(home.ledger, 0o000);
    expect(await prepareStateFolder(home)).toEqual([]);
    expect([modeOf(home.versions), modeOf(home.ledger)]).toEqual([0o700, 0o600]);
  });

  it('may hold a link to the settings, which are the user’s', async () => {
    const root = join(folder, 'home');
    mkdirSync(root);
    writeFileSync(join(folder, 'dotfile.yaml'), '');
    symlinkSync(join(folder, 'dotfile.yaml'), join(root, 'config.yaml'));
    await expect(prepareStateFolder(homeAt(root))).resolves.toEqual([]);
  });

  it('may not hold a file of somebody else', async () => {
    if (process.getuid?.() !== 0) return console.log('skipped: only root can give a file away');
    const root = join(folder, 'home');
    mkdirSync(root);
    writeFileSync(join(root, 'ledger.json'), '{}');
    chownSync(join(root, 'ledger.json'), 12345, 12345);
    await expect(prepareStateFolder(homeAt(root))).rejects.toMatchObject({
      message: `${join(root, 'ledger.json')} belongs to user 12345, not to you (0)`,
    });
  });

  it('has a socket folder of its own where the path is long', async () => {
    const home = homeAt(join(folder, 'x'.repeat(120)));
    await prepareStateFolder(home);
    expect(Buffer.byteLength(home.socket)).toBeLessThanOrEqual(100);
    expect(modeOf(home.socketFolder!)).toBe(0o700);
  });

  it('is named when a disk is full or something in it may not be written, and only then', () => {
    const home = homeAt(join(folder, 'home'));
    const failure = (code: string, path: string) =>
      Object.assign(new Error(`${code}: oh no`), { code, path });
    expect(describeStateError(failure('ENOSPC', home.ledger), home)).toMatchObject({
      code: 'STATE_FOLDER',
      message: `cannot write to ${home.root}: ENOSPC: oh no`,
      hint: 'make room on that disk, or set PORTRAMP_HOME to a folder on another one',
    });
    expect(describeStateError(failure('EACCES', home.root), home)).toMatchObject({ code: 'STATE_FOLDER' });
    expect(describeStateError(failure('EACCES', `${home.root}-other/x`), home)).toBeUndefined();
    expect(describeStateError(failure('ENOENT', home.ledger), home)).toBeUndefined();
  });

  it('may be missing when it is only looked at', async () => {
    await expect(checkStateFolder(homeAt(join(folder, 'missing')))).resolves.toBeUndefined();
  });
});
