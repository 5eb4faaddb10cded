/** One writer: however many ask, and whatever happens to the disk or the daemon, a number has one owner. */
import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { Ledger } from '../../../src/ports/ledger.ts';
import { buildBundle, createPrivateHome, makeFolder, type PrivateHome } from '../daemon/bundle.ts';

let bundle: string;
let home: PrivateHome;

beforeAll(async () => {
  bundle = makeFolder();
  await buildBundle(bundle, {
    daemon: 'src/daemon/main.ts',
    inspector: 'src/daemon/inspector.ts',
    leaser: 'test/process/ports/leaser.ts',
    'full-disk': 'test/process/ports/full-disk.ts',
  });
});
afterAll(() => rmSync(bundle, { recursive: true }));

beforeEach(() => {
  home = createPrivateHome(bundle);
});
afterEach(() => home.close());

describe('leases', () => {
  it('are distinct when 8 processes ask for 250 each at once', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `branch-${index}`);
    const outputs = await Promise.all(
      names.map((name) =>
        promisify(execFile)(process.execPath, [join(bundle, 'leaser.js'), name, '250'], {
          env: home.environment,
        }),
      ),
    );
    const numbers = outputs.flatMap(({ stdout }) => JSON.parse(stdout) as number[]);
    expect(numbers).toHaveLength(2_000);
    expect(new Set(numbers).size).toBe(2_000);
    const { leases } = JSON.parse(readFileSync(home.home.ledger, 'utf8')) as Ledger;
    expect(new Set(leases.map(({ number }) => number))).toEqual(new Set(numbers));
    expect(leases).toHaveLength(2_000);
  });
});

/** What the program in the small file system saw. */
interface Seen {
  readonly before: number;
  readonly refused: { readonly code: string; readonly message: string; readonly hint: string };
  readonly onDisk: unknown;
  readonly leftovers: readonly string[];
  readonly after: number;
  readonly kept: number;
}

describe.skipIf(process.platform !== 'linux')('a full disk', () => {
  it('refuses a lease with what to do, loses nothing, and is no harm once there is room', async () => {
    const mount = 'mount -t tmpfs -o size=24m none "$1" && shift && exec "$@"';
    const place = makeFolder();
    const words = [place, process.execPath, join(bundle, 'full-disk.js'), place];
    const unshare = process.getuid?.() === 0 ? ['-m'] : ['-rm'];
    const environment = { ...home.environment, PORTRAMP_HOME: join(place, 'home') };
    const inNamespace = (...command: string[]): Promise<{ stdout: string }> =>
      promisify(execFile)('unshare', [...unshare, 'sh', '-c', mount, 'sh', ...command], { env: environment });
    const isAllowed = await inNamespace(place, 'true').then(
      () => true,
      () => false,
    );
    if (!isAllowed) {
      rmSync(place, { recursive: true });
      return console.log('skipped: this system lets this user mount no file system');
    }
    const { stdout } = await inNamespace(...words);
    rmSync(place, { recursive: true });
    const seen = JSON.parse(stdout) as Seen;
    expect(seen.refused.code).toBe('STATE_FOLDER');
    expect(seen.refused.message).toMatch(/^cannot write .*ledger\.json: ENOSPC/);
    expect(seen.refused.hint).toBe('make room on the disk; nothing that was granted before is lost');
    expect(seen.onDisk).toEqual([seen.before]);
    expect(seen.leftovers).toEqual([]);
    expect(seen.kept).toBe(seen.before);
    expect(seen.after).toBeGreaterThan(20_000);
    expect(seen.after).not.toBe(seen.before);
  });
});
