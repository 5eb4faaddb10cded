/** What a person is told of a process, on systems that tell much, little, or nothing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { commandLineOf, describePid } from '../../../src/lib/process-description.ts';
import { readLinuxStat, startTimeOf } from '../../../src/lib/process-identity.ts';
import { holdersOf } from '../../../src/ports/holders.ts';
import { createLinuxSystem } from '../../../src/ports/system/linux.ts';
import { eventually } from '../../eventually.ts';

const system = process.platform;
let folder: string;
let child: ChildProcess;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-describe-')));
  child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 9_000)', 'two words'], {
    cwd: folder,
  });
  await once(child, 'spawn');
});

afterAll(async () => {
  child.kill('SIGKILL');
  await once(child, 'exit');
  rmSync(folder, { recursive: true });
});

afterEach(() => {
  vi.unstubAllEnvs();
  Object.defineProperty(process, 'platform', { value: system });
});

/** Programs that say these texts, and no others, on another system. */
function pretend(platform: NodeJS.Platform, programs: Readonly<Record<string, string>>): void {
  const bin = mkdtempSync(join(folder, 'bin-'));
  for (const [name, text] of Object.entries(programs)) {
    const file = join(bin, name);
    writeFileSync(file, `#!/bin/sh\nwhile read -r line; do echo "$line"; done <<'END'\n${text}\nEND\n`);
    chmodSync(file, 0o755);
  }
  vi.stubEnv('PATH', bin);
  Object.defineProperty(process, 'platform', { value: platform });
}

const pidOf = ({ pid }: ChildProcess): number => pid ?? 0;
/** Larger than any system gives. */
const NOBODY = 2 ** 22 + 1;

describe('a process', () => {
  it('of Linux is its command and its folder, and one that is gone is nothing', async (context) => {
    if (system !== 'linux') context.skip('the files of this system are others');
    // Not before it runs what it was started for.
    await eventually(async () => expect(await commandLineOf(pidOf(child))).toContain('two words'));
    const command = `${process.execPath} -e setInterval(() => undefined, 9_000) two words`;
    expect(await describePid(pidOf(child))).toEqual({ command, cwd: folder });
    expect(Object.keys(await describePid(NOBODY))).toEqual([]);
    expect(await commandLineOf(NOBODY)).toEqual([]);
    expect(createLinuxSystem().describe(pidOf(child))).toEqual({ command, cwd: folder });
    // What the socket table's owners are compared by, and what a lock says: one text everywhere.
    expect(startTimeOf(pidOf(child))).toBe(readLinuxStat(pidOf(child))?.startTime);
    expect(startTimeOf(NOBODY)).toBeUndefined();
    expect(Object.keys(createLinuxSystem().describe(NOBODY))).toEqual([]);
  });

  it('elsewhere is what the tools of the system say', async () => {
    pretend('darwin', { ps: '  node x.js', lsof: 'p7\nfcwd\nn/work/shop' });
    expect(await describePid(7)).toEqual({ command: 'node x.js', cwd: '/work/shop' });
    expect(await commandLineOf(7)).toEqual(['node', 'x.js']);
    pretend('win32', { powershell: 'node x.js' });
    expect(await describePid(7)).toEqual({ command: 'node x.js' });
  });

  it.each(['darwin', 'win32'] as const)('of %s without its tools is nothing', async (platform) => {
    pretend(platform, {});
    expect(Object.keys(await describePid(7))).toEqual([]);
    expect(await commandLineOf(7)).toEqual([]);
  });
});

describe('who holds a port', () => {
  it('of Linux is found by the socket', async (context) => {
    if (system !== 'linux') context.skip('the files of this system are others');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      expect(await holdersOf(port)).toMatchObject([
        { pid: process.pid, address: '127.0.0.1', cwd: process.cwd() },
      ]);
    } finally {
      server.close();
      await once(server, 'close');
    }
    expect(await holdersOf(port)).toEqual([]);
  });

  it('of Linux is all who have the socket open', async (context) => {
    if (system !== 'linux') context.skip('the files of this system are others');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
    const heir = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 9_000)'], {
      stdio: ['ignore', 'ignore', 'ignore', fd],
    });
    await once(heir, 'spawn');
    try {
      const pids = (await holdersOf(port)).map(({ pid }) => pid);
      expect(new Set(pids)).toEqual(new Set([process.pid, heir.pid]));
    } finally {
      heir.kill('SIGKILL');
      await once(heir, 'exit');
      server.close();
      await once(server, 'close');
    }
  });

  it('elsewhere is who the tools of the system name, with what they say of the process', async () => {
    pretend('darwin', { lsof: 'p7\ncnode\nf9\nn127.0.0.1:4000', ps: 'node x.js' });
    expect(await holdersOf(4_000)).toEqual([
      { pid: 7, command: 'node x.js', address: '127.0.0.1', cwd: '127.0.0.1:4000' },
    ]);
    pretend('win32', {
      netstat:
        '  TCP    127.0.0.1:4000   0.0.0.0:0   LISTENING   7\n  TCP    127.0.0.1:4001   0.0.0.0:0   LISTENING   8',
      powershell: 'node x.js',
    });
    expect(await holdersOf(4_000)).toEqual([{ pid: 7, address: '127.0.0.1', command: 'node x.js' }]);
  });

  it.each(['darwin', 'win32'] as const)('of %s without its tools is nobody', async (platform) => {
    pretend(platform, {});
    expect(await holdersOf(4_000)).toEqual([]);
  });
});
