/** A port that this user may not bind is not a port that somebody has: as a user who is not root sees it. */
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { holdersOf } from '../../../src/ports/holders.ts';
import { PORTRAMP, type Result } from '../workspace.ts';

/** Root may bind everything: it becomes nobody. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;

/** The first number that everybody may bind; 0: all of them. */
const firstFree =
  process.platform === 'linux'
    ? Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
    : 0;

let folder = '';
/** The first number below `firstFree` that nobody listens on. */
let unused = 0;

/** Says why these tests mean nothing here; undefined where they do. */
function reasonAgainst(): string | undefined {
  if (firstFree === 0) return 'this system lets everybody bind every port';
  const { status } = spawnSync(process.execPath, [PORTRAMP, '--version'], isRoot ? NOBODY : {});
  return status === 0 ? undefined : 'an ordinary user cannot run portramp from here';
}

async function open(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'portramp-user-'));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'home'));
  if (isRoot) chownSync(join(folder, 'home'), NOBODY.uid, NOBODY.gid);
  for (let port = 1; port < firstFree && unused === 0; port += 1) {
    if ((await holdersOf(port)).length === 0) unused = port;
  }
  writeFileSync(
    join(folder, 'portramp.yaml'),
    `version: 1\nworkspace: shop\nservices: { api: { command: sleep 9, ports: { http: { static: ${unused} } } } }\n`,
  );
}

async function close(): Promise<void> {
  await run('daemon', 'stop', '--force');
  rmSync(folder, { recursive: true });
}

const run = (...args: string[]): Promise<Result> =>
  new Promise((settle) => {
    const env = {
      ...process.env,
      HOME: folder,
      PORTRAMP_HOME: join(folder, 'home'),
      PORTRAMP_HTTP_PORT: '0',
      NO_COLOR: '1',
    };
    const options = { cwd: folder, env, ...(isRoot ? NOBODY : {}) };
    execFile(process.execPath, [PORTRAMP, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      settle({ code, stdout, stderr });
    });
  });

/** Defines the tests where a port can be forbidden. */
export function describeForbiddenPorts(): void {
  const reason = reasonAgainst();
  if (reason === undefined) describe('a port that this user may not bind', defineTests);
  else console.warn(`left out: ports that this user may not bind: ${reason}`);
}

function defineTests(): void {
  beforeAll(open);
  afterAll(close);

  it('and that nobody has is not said to be held', async () => {
    const port = unused;
    const whose = await run('whose', String(port));
    expect(whose.stderr).toBe('');
    expect(whose.stdout).toBe(
      `nothing is seen to listen on port ${port}; it may not be opened by this user; "sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}" allows it\n`,
    );
    expect(JSON.parse((await run('whose', String(port), '--json')).stdout)).toEqual({
      version: 1,
      port,
      kind: 'nobody',
      forbidden: true,
    });
    const live = await run('check', '--live', '--json');
    expect(JSON.parse(live.stdout)).toMatchObject({
      diagnostics: expect.not.arrayContaining([expect.objectContaining({ code: 'PR030' })]) as unknown,
    });
  });

  // Only root can open one for the test.
  if (!isRoot) return;
  it('and that somebody has is', async () => {
    const port = unused;
    const server = createServer().listen(port, '127.0.0.1');
    await new Promise((settle) => server.once('listening', settle));
    try {
      expect((await run('whose', String(port))).stdout).toBe(
        `port ${port} belongs to no stack: a process that this user cannot see has it\n`,
      );
    } finally {
      await new Promise((settle) => server.close(settle));
    }
  });
}
