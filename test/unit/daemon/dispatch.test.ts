/** What each request to the daemon does, and who may ask for it when. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ControlConnection } from '../../../src/daemon/control.ts';
import { dispatch, type DispatchContext } from '../../../src/daemon/dispatch.ts';
import { createSessions, type Sessions } from '../../../src/daemon/sessions.ts';
import { createStacks } from '../../../src/daemon/stacks.ts';
import { openLedger } from '../../../src/ports/ledger-file.ts';
import { createManualClock } from '../manual-clock.ts';

let folder: string;
let sessions: Sessions;
let context: DispatchContext;
/** What was done outside of the stacks, in words. */
let seen: string[];

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-dispatch-')));
  seen = [];
  const { file: ledger } = await openLedger(join(folder, 'ledger.json'));
  sessions = createSessions({ clock: createManualClock(), onChange: () => undefined });
  const stacks = createStacks({
    ledger,
    sessions,
    route: () => undefined,
    onChange: () => undefined,
    knowsTls: () => false,
    isPortFree: async () => true,
    lookAtPort: async () => ({ free: true, holders: [] }),
  });
  context = {
    version: '1.2.3',
    protocol: { min: 2, max: 3 },
    stacks,
    sessions,
    traffic: {
      drain: async (targets, { timeout, all }) => {
        seen.push(`drain ${targets.length} ${timeout} ${all}`);
        return 7;
      },
      quiet: (targets) => ({ open: targets.length, quiet: 5 }),
    },
    followers: {
      follow: (_, { services }) => void seen.push(`follow ${services?.join()}`),
      drop: () => undefined,
      close: () => undefined,
    },
    verification: { settle: async ({ root }) => void seen.push(`settle ${root === folder}`) },
    status: () => ({ status: 'so' }) as never,
    front: () => ({ http: 7267 }),
    frontMoves: () => 4,
    adoptFront: async ({ http, moves }) => void seen.push(`adopt ${http} ${moves}`),
    takeNotices: () => ['the front has moved'],
    sendStack: (_, { root }) => void seen.push(`send ${root === folder}`),
    end: (reason) => void seen.push(`end ${reason}`),
  };
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const connect = (protocol?: number): ControlConnection => ({
  lastHeard: 0,
  watched: new Set(),
  ...(protocol === undefined ? {} : { protocol }),
  peer: {
    request: async (_name, params) => ({ message: JSON.stringify(params) }),
    notify: () => undefined,
    close: () => undefined,
    destroy: () => undefined,
    closed: false,
    unsent: 0,
  },
});

const ask = (name: string, params: unknown = {}, connection = connect(3)): Promise<unknown> =>
  dispatch(context, connection, { name, params, signal: new AbortController().signal });

const stackIn = (root: string): { root: string; environment: string } => ({ root, environment: 'dev' });
const claimOf = (root: string): object => ({
  ...stackIn(root),
  workspace: 'shop',
  workspaceId: 'id of shop',
  main: true,
});
const EMPTY = { services: [], routes: [] };
const API = { service: 'api', port: 'http' };

describe('a hello', () => {
  it.each([
    [{ min: 1, max: 2 }, 2],
    [{ min: 3, max: 9 }, 3],
    [{ min: 1, max: 9 }, 3],
  ])('of a client that speaks %j is answered with %i', async (protocol, spoken) => {
    const connection = connect();
    const answer = await ask('hello', { protocol, version: 'x', client: 'cli' }, connection);
    expect(answer).toEqual({ protocol: spoken, version: '1.2.3', pid: process.pid });
    expect(connection.protocol).toBe(spoken);
  });

  it.each([
    [{ min: 1, max: 1 }, '1 to 1'],
    [{ min: 4, max: 5 }, '4 to 5'],
  ])('of a client that speaks %j alone is refused with both', async (protocol, said) => {
    const connection = connect();
    await expect(ask('hello', { protocol, version: '9', client: 'cli' }, connection)).rejects.toMatchObject({
      code: 'PROTOCOL_MISMATCH',
      message: `this daemon (portramp 1.2.3) speaks protocol 2 to 3, the client (portramp 9) ${said}`,
    });
    expect(connection.protocol).toBeUndefined();
  });

  it('comes before everything but what every client may ask', async () => {
    await expect(ask('list', { all: true }, connect())).rejects.toMatchObject({
      code: 'BAD_MESSAGE',
      message: '"list" before "hello"',
    });
    expect(await ask('status', {}, connect())).toEqual({ status: 'so' });
    expect(await ask('yield', { protocol: 3, version: 'x' }, connect())).toEqual({ yielding: false });
  });
});

it('a request that there is not, or that is malformed, is refused by its name', async () => {
  await expect(ask('toString')).rejects.toMatchObject({
    code: 'BAD_MESSAGE',
    message: 'there is no request "toString"',
  });
  await expect(ask('x'.repeat(200))).rejects.toMatchObject({
    message: `there is no request "${'x'.repeat(80)}"`,
  });
  await expect(ask('lease', { stack: { root: 1 } })).rejects.toMatchObject({
    code: 'BAD_MESSAGE',
    message: expect.stringMatching(/^"lease": params\.stack\.root: /),
  });
});

describe('a daemon', () => {
  it('ends for a newer client, and for no other', async () => {
    expect(await ask('yield', { protocol: 4, version: 'x' })).toEqual({ yielding: true });
    expect(await ask('yield', { protocol: 3, version: 'x' })).toEqual({ yielding: false });
    expect(seen).toEqual(['end yield']);
  });

  it('does not end while stacks run, unless it is forced', async () => {
    await ask('claim', claimOf(folder));
    const runner = connect(3);
    await ask('attach', { stack: stackIn(folder), pid: 1 }, runner);
    await expect(ask('shutdown', { force: false })).rejects.toMatchObject({
      code: 'DAEMON_BUSY',
      message: 'these stacks are running: shop',
    });
    expect(seen).toEqual([]);
    await ask('shutdown', { force: true });
    sessions.detach(runner);
    await ask('shutdown', { force: false });
    expect(seen).toEqual(['end stop', 'end stop']);
  });
});

it('a claim is told of the front, and the front of the number that the runner remembers', async () => {
  const held = { slug: 'shop', index: 0, leases: [], front: { http: 7_000, moves: 2 } };
  const answer = await ask('claim', { ...claimOf(folder), held });
  expect(answer).toMatchObject({
    stack: { slug: 'shop' },
    front: { http: 7267 },
    frontMoves: 4,
    notices: ['the front has moved'],
  });
  expect(seen).toEqual(['adopt 7000 2']);
  await ask('claim', claimOf(folder));
  expect(seen).toHaveLength(1);
});

describe('of a stack', () => {
  const stack = (): ReturnType<typeof stackIn> => stackIn(folder);
  let runner: ControlConnection;
  beforeEach(async () => {
    runner = connect(3);
    await ask('claim', claimOf(folder));
    await ask('attach', { stack: stack(), pid: 1 }, runner);
  });

  it('the runner alone may move numbers and publish', async () => {
    const { leases } = (await ask('lease', { stack: stack(), ports: [API] })) as {
      leases: { number: number }[];
    };
    const moved = { stack: stack(), port: API, number: leases[0]?.number };
    for (const name of ['reassign', 'borrow']) {
      await expect(ask(name, moved)).rejects.toMatchObject({ code: 'STACK_NOT_RUNNING' });
      expect(await ask(name, moved, runner)).toMatchObject({ lease: API });
    }
    await expect(ask('publish', { stack: stack(), snapshot: EMPTY })).rejects.toMatchObject({
      code: 'STACK_NOT_RUNNING',
    });
    expect(seen).toEqual([]);
    expect(await ask('publish', { stack: stack(), snapshot: EMPTY }, runner)).toEqual({
      front: { http: 7267 },
      refusedHosts: {},
      holders: {},
    });
    expect(seen).toEqual(['settle true']);
  });

  it('hosts are judged only for those who ask', async () => {
    expect(await ask('lease', { stack: stack(), ports: [API] })).not.toHaveProperty('refusedHosts');
    expect(await ask('lease', { stack: stack(), ports: [API], hosts: ['api.shop.localhost'] })).toMatchObject(
      {
        refusedHosts: [],
      },
    );
  });

  it('commands go to the runner, and its state to those who watch', async () => {
    expect(await ask('command', { stack: stack(), command: { action: 'ping' } })).toEqual({
      message: '{"action":"ping"}',
    });
    const watcher = connect(3);
    expect(await ask('watch', { stack: stack() }, watcher)).toEqual({});
    expect([watcher.watched.size, seen]).toEqual([1, ['send true']]);
  });

  it('what is listed and forgotten is what there is', async () => {
    expect(await ask('list', { all: false })).toMatchObject({
      front: { http: 7267 },
      stacks: [{ slug: 'shop' }],
    });
    sessions.detach(runner);
    expect(await ask('list', { all: false })).toMatchObject({ stacks: [] });
    expect(await ask('forget', { stacks: [stack()] })).toMatchObject({ forgotten: [{ slug: 'shop' }] });
    expect(await ask('list', { all: true })).toMatchObject({ stacks: [] });
  });
});

it('what is asked of the front’s traffic and requests is passed on', async () => {
  const targets = [{ host: '127.0.0.1', port: 4_000 }];
  expect(await ask('drain', { targets, timeout: 9, all: true })).toEqual({ left: 7 });
  expect(await ask('traffic', { targets })).toEqual({ open: 1, quiet: 5 });
  expect(await ask('follow', { services: ['api'] })).toEqual({});
  expect(seen).toEqual(['drain 1 9 true', 'follow api']);
});
