/** Nothing is left behind, also when the runner and its watchdog are killed together; and nobody else's is ended. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import {
  identityOf,
  isAlive,
  readLinuxStat,
  type ProcessIdentity,
} from '../../../src/lib/process-identity.ts';
import { pickPort } from '../ports/scene.ts';
import { createMachine, program, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;
let shop: Workspace;

const APP = `${process.execPath} ${program('app.js')}`;
/** One that hides in a session of its own, one that ignores SIGTERM, one that has lost its environment. */
const CONTRACT = `
version: 1
workspace: shop
services:
  plain: { command: "exec ${APP}", ready: { http: / } }
  session: { command: "setsid ${APP} & wait", ready: { http: / } }
  stubborn: { command: "trap '' TERM; ${APP} & wait; wait", ready: { http: / } }
  bare: { command: "exec env -i PORT=$PORT ${APP}", ready: { http: / } }
`;

beforeEach(() => {
  machine = createMachine();
  shop = machine.workspace('shop', CONTRACT);
});
afterEach(() => machine.close());

/** Every process whose parent is the runner, and what they started in turn is with them. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => readLinuxStat(one)?.ppid === pid);
}

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');

/** Kills the runner and its watchdog before either can see that the other is gone; returns what is left. */
async function killBoth(): Promise<ProcessIdentity[]> {
  const { pid: runner = 0, services } = await shop.stack();
  const watchdog = childrenOf(runner).find((pid) => commandOf(pid).includes('watchdog.js')) ?? 0;
  const left = services.flatMap(({ pid = 0 }) => identityOf(pid) ?? []);
  expect(left.length).toBeGreaterThanOrEqual(4);
  for (const pid of [runner, watchdog]) process.kill(pid, 'SIGSTOP');
  for (const pid of [watchdog, runner]) process.kill(pid, 'SIGKILL');
  await eventually(async () => expect((await machine.ls()).stacks).toEqual([]));
  expect(left.every(isAlive)).toBe(true);
  return left;
}

describe.skipIf(process.platform !== 'linux')('a runner that is killed together with its watchdog', () => {
  it('leaves what the next dev ends by itself, which then has the same numbers', async () => {
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const before = (await shop.stack()).services.map(({ ports }) => ports[0]?.port);
    const left = await killBoth();
    const { code, stdout, stderr } = await shop.run('dev', '-d');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout + stderr).toMatch(/ended \d+ processes that a crash of this stack had left/);
    expect(left.some(isAlive)).toBe(false);
    expect((await shop.stack()).services.map(({ ports }) => ports[0]?.port)).toEqual(before);
    expect(readdirSync(machine.home.runs).filter((name) => name.endsWith('.json'))).toHaveLength(1);
  });

  it('leaves what others are told to end with "portramp clean", and that does it', async () => {
    const number = await pickPort();
    shop.contract(`${CONTRACT}  fixed: { command: "PORT=${number} exec ${APP}", ports: false }\n`);
    expect((await shop.run('dev', '-d')).code).toBe(0);
    // What has no ports is ready before it listens.
    await eventually(async () => expect((await shop.run('whose', String(number))).stdout).toContain('fixed'));
    const left = await killBoth();
    const blog = machine.workspace(
      'blog',
      `version: 1\nworkspace: blog\nranges: { dev: { from: ${number}, to: ${number + 50}, static: 10 } }\nservices: { api: { command: "exec ${APP}", ports: { http: { static: ${number} } }, ready: { http: / } } }\n`,
    );
    const refused = await blog.run('dev', '-d');
    expect(refused.stdout + refused.stderr).toMatch(
      /port \d+ \(http\) is held by .*, which a crash has left behind[\s\S]*hint: end it: portramp clean/,
    );
    const cleaned = await blog.run('clean');
    expect(cleaned).toMatchObject({ code: 0, stderr: '' });
    expect(cleaned.stdout).toMatch(/ended \d+ processes that a crash in .*shop left behind/);
    expect(left.some(isAlive)).toBe(false);
    expect((await blog.run('start', 'api')).code).toBe(0);
    await blog.until('api', 'ready');
  });
});

describe.skipIf(process.platform !== 'linux')('a record of a run', () => {
  let bystander: ChildProcess;
  const forged = (more: object = {}): string =>
    JSON.stringify({
      id: 'abcdefabcdef',
      root: shop.root,
      environment: 'dev',
      // Nobody has this pid and start time.
      runner: { pid: 4_000_000, startTime: '1' },
      leaders: [identityOf(bystander.pid ?? 0)],
      ...more,
    });

  beforeEach(() => {
    bystander = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    mkdirSync(machine.home.runs, { recursive: true, mode: 0o700 });
    chmodSync(machine.home.root, 0o700);
  });
  afterEach(() => bystander.kill('SIGKILL'));

  const path = (): string => join(machine.home.runs, 'abcdefabcdef.json');
  const isLeftAlone = async (): Promise<void> => {
    const { stdout, stderr } = await machine.run(['clean']);
    expect(`${stdout}${stderr}`).not.toMatch(/ended/);
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
  };

  it('of this user is believed', async () => {
    writeFileSync(path(), forged(), { mode: 0o600 });
    expect((await machine.run(['clean'])).stdout).toMatch(/ended 1 processes/);
    await eventually(() => expect(bystander.signalCode).toBe('SIGTERM'));
  });

  it.each([
    [
      'is a link',
      () => {
        writeFileSync(join(machine.home.root, 'elsewhere'), forged(), { mode: 0o600 });
        symlinkSync(join(machine.home.root, 'elsewhere'), path());
      },
    ],
    [
      'others may write',
      () => {
        writeFileSync(path(), forged());
        chmodSync(path(), 0o666);
      },
    ],
    [
      'has another name',
      () => writeFileSync(join(machine.home.runs, 'other.json'), forged(), { mode: 0o600 }),
    ],
    [
      'is of an earlier start of the machine',
      () => writeFileSync(path(), forged({ boot: 'before' }), { mode: 0o600 }),
    ],
    [
      'names what was there before its runner',
      () =>
        writeFileSync(path(), forged({ runner: { pid: 4_000_000, startTime: '99999999999999' } }), {
          mode: 0o600,
        }),
    ],
    [
      'names the first process',
      () => writeFileSync(path(), forged({ leaders: [{ pid: 1, startTime: '1' }] }), { mode: 0o600 }),
    ],
    ['is garbage', () => writeFileSync(path(), '{"id":"abcdefabcdef"', { mode: 0o600 })],
    ...(process.getuid?.() === 0
      ? [
          [
            'belongs to another user',
            () => {
              writeFileSync(path(), forged(), { mode: 0o600 });
              chownSync(path(), 65_534, 65_534);
            },
          ] as [string, () => void],
        ]
      : []),
  ] as [string, () => void][])('that %s ends nobody', async (_, forge) => {
    forge();
    await isLeftAlone();
  });

  it('in a folder that is a link, or another user’s, ends nobody, and that is said', async () => {
    const elsewhere = join(machine.home.root, 'elsewhere');
    writeFileSync(path(), forged(), { mode: 0o600 });
    renameSync(machine.home.runs, elsewhere);
    symlinkSync(elsewhere, machine.home.runs);
    const { code, stderr } = await machine.run(['clean']);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /runs is a symbolic link\n.*hint: look at it, then move it away: mv /,
      ) as string,
    });
    await isLeftAlone();
  });
});
