import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { locateHome } from '../../../src/lib/home.ts';
import { describeEntryError } from '../../../src/lib/state-file.ts';
import { checkStateFolder, prepareStateFolder } from '../../../src/lib/state-folder.ts';
import { arm, disarm } from '../faults.ts';

vi.mock('node:fs', async (original) => (await import('../faults.ts')).faulty(await original()));
vi.mock('node:fs/promises', async (original) => (await import('../faults.ts')).faulty(await original()));

let folder = '';
const umask = process.umask();
const home = () => locateHome({ PORTRAMP_HOME: join(folder, 'home'), XDG_RUNTIME_DIR: folder });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-state-'));
});

afterEach(() => {
  disarm();
  process.umask(umask);
  rmSync(folder, { recursive: true });
});

describe('the state folder', () => {
  it('is closed to others from its first moment, not afterwards', async () => {
    process.umask(0);
    arm({ name: 'chmod', code: 'EPERM' });
    await prepareStateFolder(home());
    expect(statSync(home().root).mode & 0o777).toBe(0o700);
  });

  it.each(['EACCES', 'ENOSPC', 'EROFS', 'EIO'])('that cannot be made (%s) is said to be so', async (code) => {
    arm({ name: 'mkdir', code });
    await expect(prepareStateFolder(home())).rejects.toMatchObject({
      code: 'STATE_FOLDER',
      message: expect.stringContaining(code) as string,
    });
  });

  it.each(['EIO', 'EACCES'])('that cannot be looked at (%s) is not taken for missing', async (code) => {
    await prepareStateFolder(home());
    arm({ name: 'lstat', code });
    for (const use of [checkStateFolder, prepareStateFolder]) {
      await expect(use(home())).rejects.toMatchObject({ code: 'STATE_FOLDER' });
    }
  });
});

it('what is closed is the uppermost folder that is, as far as it is one’s own', () => {
  mkdirSync(join(folder, 'logs/shop'), { recursive: true });
  chmodSync(join(folder, 'logs'), 0);
  const path = join(folder, 'logs/shop/api.log');
  const code = 'EACCES';
  // Root may look into every folder: what others meet is ordered.
  arm({ name: 'statSync', code, path: /shop/ }, { name: 'accessSync', code, path: /logs$/ });
  const { hint = '' } = describeEntryError('cannot write', path, Object.assign(new Error('why'), { code }));
  expect(hint).toBe(`open it to yourself: chmod -R u+rwX ${join(folder, 'logs')}`);
  disarm();
  execFileSync('sh', ['-c', hint.replace(/^.*: /, '')]);
  writeFileSync(path, '');
});
