/**
 * Two daemons at one step of their start: the first is held there, whoever started it is killed, and the next command
 * starts another. One of them is the daemon in the end, nothing is lost, and nobody is told what is not so.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { holdAt, letAllGo, letGo, type HoldPlace, type Point } from '../hold/hold.ts';
import { identityOf, isAlive } from '../../../src/lib/process-identity.ts';
import { lockHolder } from '../../../src/lib/lock.ts';
import { buildBundle, createPrivateHome, makeFolder, processesOf, type PrivateHome } from './bundle.ts';
import { claimFor, runStack } from './scene.ts';

let bundle = '';
let scene: PrivateHome;
let root = '';
let place: HoldPlace;

/**
 * A daemon inherits neither NODE_OPTIONS nor what it does not need: what holds it is in its own bundle, and reads where
 * from a file beside the state folder.
 */
const HELD_DAEMON = `
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const file = process.env.PORTRAMP_HOME + '/../hold.json';
if (existsSync(file)) process.env.HOLD = readFileSync(file, 'utf8');
createRequire(import.meta.url)('./hold.cjs');
await import('./program.js');
`;

beforeAll(async () => {
  bundle = makeFolder();
  await buildBundle(bundle);
  renameSync(join(bundle, 'daemon.js'), join(bundle, 'program.js'));
  writeFileSync(join(bundle, 'daemon.js'), HELD_DAEMON);
  copyFileSync(resolve(import.meta.dirname, '../hold/hold.cjs'), join(bundle, 'hold.cjs'));
});

afterAll(() => rmSync(bundle, { recursive: true }));

beforeEach(() => {
  scene = createPrivateHome(bundle);
  root = makeFolder();
  place = {
    environment: scene.environment,
    folder: (name) => {
      const folder = join(scene.home.root, '..', name);
      mkdirSync(folder, { recursive: true });
      return folder;
    },
  };
});

afterEach(async () => {
  letAllGo(place);
  await scene.close();
  rmSync(root, { recursive: true });
});

interface Report {
  readonly pid?: number;
  readonly error?: string;
}

/** A command that needs the daemon: says which one it found, or why none. */
function command() {
  const child = spawn(process.execPath, [join(bundle, 'starter.js')], {
    cwd: place.folder('.'),
    env: scene.environment,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const said = once(createInterface({ input: child.stdout }), 'line').then(
    ([line]) => JSON.parse(String(line)) as Report,
  );
  const exited = once(child, 'exit');
  return {
    said,
    leave: async (): Promise<void> => {
      child.stdin.end();
      await exited;
    },
    kill: async (): Promise<void> => {
      // Nobody hears what it would have said.
      said.catch(() => undefined);
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function ask(): Promise<Report> {
  const one = command();
  const report = await one.said;
  await one.leave();
  return report;
}

/** A stack was here before, whose name, number and front are to be the same afterwards. */
async function remember(): Promise<() => Promise<void>> {
  const client = await scene.connect();
  const before = await runStack(client, claimFor(root, 'shop'));
  const { front } = await client.request('list', {});
  await client.request('shutdown', { force: true });
  await eventually(() => expect(processesOf(scene.home)).toEqual([]));
  return async () => {
    const next = await scene.connect();
    expect(await runStack(next, claimFor(root, 'shop'))).toEqual(before);
    expect((await next.request('list', {})).front).toEqual(front);
  };
}

const at = (module: Point['module'], call: string, like: string, when: Point['when']): Point => ({
  in: 'daemon.js',
  module,
  call,
  like,
  when,
});

const BEFORE_THE_LOCK = at('fs', 'linkSync', 'daemon[.]lock"', 'before');
/** The one that is held has the lock: it is waited for, and said to be halted. */
const WITH_THE_LOCK = [
  ['has the lock', at('fs', 'linkSync', 'daemon[.]lock"', 'after')],
  ['reads the ledger', at('fs/promises', 'readFile', 'ledger[.]json', 'before')],
  ['listens, and has not closed its socket to others', at('fs', 'chmodSync', 'daemon[.]sock', 'before')],
  ['listens, and has told nobody', at('fs/promises', 'rename', 'in-use[.]json', 'before')],
] as const;

/** Starts the first daemon, which is held at the point, by a command that is killed. */
async function holdFirst(point: Point): Promise<number> {
  const hold = holdAt(place, point);
  writeFileSync(join(place.folder('.'), 'hold.json'), hold.env['HOLD'] ?? '');
  const first = command();
  const held = await hold.held();
  await first.kill();
  return held;
}

/** There is one daemon, which every command finds, and none has said that it could not start. */
async function expectOne(): Promise<number> {
  const { pid, error } = await ask();
  expect(error).toBeUndefined();
  await eventually(() => expect(processesOf(scene.home)).toEqual([pid]));
  expect(lockHolder(scene.home.lock)?.pid).toBe(pid);
  expect(await ask()).toMatchObject({ pid });
  const log = readFileSync(scene.home.daemonLog, 'utf8');
  expect(log).not.toMatch(/unexpected|set aside/);
  return pid ?? 0;
}

describe.skipIf(process.platform !== 'linux')('two daemons that start at one step', () => {
  it('the second is the daemon where the first has no lock yet, and the first leaves without a word', async () => {
    const isAsBefore = await remember();
    const held = await holdFirst(BEFORE_THE_LOCK);
    const first = identityOf(held);
    const { pid } = await ask();
    expect(pid).not.toBe(held);
    letGo(held);
    await eventually(() => expect(first !== undefined && isAlive(first)).toBe(false));
    expect(await expectOne()).toBe(pid);
    expect(readFileSync(scene.home.daemonLog, 'utf8')).not.toMatch(/could not start/);
    await isAsBefore();
  });

  it.each(WITH_THE_LOCK)(
    'the first is the daemon where it %s, and is said to be halted',
    async (_, point) => {
      const isAsBefore = await remember();
      const held = await holdFirst(point);
      const { error } = await ask();
      expect(error).toMatch(new RegExp(`daemon \\(pid ${held}\\).* is stopped \\(state T\\)`));
      letGo(held);
      expect(await expectOne()).toBe(held);
      await isAsBefore();
    },
  );

  it.each(WITH_THE_LOCK)('the next is the daemon where the first is killed when it %s', async (_, point) => {
    const isAsBefore = await remember();
    const held = await holdFirst(point);
    process.kill(held, 'SIGKILL');
    expect(await expectOne()).not.toBe(held);
    await isAsBefore();
  });
});
