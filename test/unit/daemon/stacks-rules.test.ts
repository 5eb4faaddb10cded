import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createSessions, type Connection, type Sessions } from '../../../src/daemon/sessions.ts';
import { createStacks, type Stacks } from '../../../src/daemon/stacks.ts';
import { openLedger, type LedgerFile } from '../../../src/ports/ledger-file.ts';
import type { PortSight } from '../../../src/ports/look.ts';
import type { StackSnapshot } from '../../../src/protocol/messages.ts';
import type { Peer } from '../../../src/protocol/peer.ts';
import { createManualClock } from '../manual-clock.ts';

let folder = '';
let ledger: LedgerFile;
let sessions: Sessions;
let stacks: Stacks;
let routed: number;
let changed: string[];
let commits: number;
let free: (port: number) => boolean;
/** What a look at any port sees, where a test says so. */
let sight: PortSight | undefined;
/** The numbers on which the front has met TLS. */
let tls: readonly number[];
/** Why nothing can be written, where a test says so. */
let full: Error | undefined;

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-stacks-')));
  const { file } = await openLedger(join(folder, 'ledger.json'));
  [routed, changed, commits, free, sight, tls, full] = [0, [], 0, () => true, undefined, [], undefined];
  ledger = {
    get current() {
      return file.current;
    },
    commit: (change) => {
      commits += 1;
      const written = file.commit(change);
      return full === undefined ? written : written.then(() => Promise.reject(full));
    },
    flush: () => file.flush(),
  };
  sessions = createSessions({ clock: createManualClock(), onChange: () => undefined });
  stacks = createStacks({
    ledger,
    sessions,
    route: () => (routed += 1),
    onChange: ({ root }) => changed.push(root),
    knowsTls: (port) => tls.includes(port),
    isPortFree: async (port) => free(port),
    lookAtPort: async (port) => sight ?? { free: free(port), holders: [] },
  });
});

afterEach(() => {
  sessions.close();
  rmSync(folder, { recursive: true });
});

const connect = (): Connection => ({ peer: {} as Peer, lastHeard: 0 });

/** A checkout that has claimed its name. */
async function claim(name: string) {
  const root = mkdtempSync(join(folder, `${name}-`));
  const key = { root, environment: 'dev' };
  await stacks.claim({ ...key, workspace: name, workspaceId: name, main: true }, undefined);
  return key;
}

const snapshotWith = (more: Partial<StackSnapshot>, hosts: readonly string[] = []): StackSnapshot => ({
  services: [
    {
      name: 'api',
      kind: 'process',
      state: 'ready',
      restarts: 0,
      ports: [
        { name: 'http', appProtocol: 'http', port: 20_001, targetPort: 20_001, hosts: [...hosts] },
        { name: 'debug', appProtocol: 'tcp', port: 20_002, targetPort: 20_002, hosts: [] },
      ],
    },
  ],
  routes: hosts.map((host) => ({
    host,
    service: 'api',
    port: 'http',
    route: { state: 'live', targets: [{ protocol: 'http', host: '127.0.0.1', port: 20_001 }] },
  })),
  ...more,
});

describe('a stack', () => {
  it('without a name is refused in words, whatever is asked', async () => {
    const key = { root: join(folder, 'nobody'), environment: 'dev' };
    const error = expect.objectContaining({
      code: 'BAD_MESSAGE',
      message: `${key.root} has not claimed a name yet`,
    }) as unknown;
    expect(() => stacks.attach(key, 1, connect())).toThrow(error);
    await expect(stacks.lease(key, [], { scope: 'stack' })).rejects.toEqual(error);
    await expect(stacks.judgeHosts(key, ['a.localhost'])).rejects.toEqual(error);
  });

  it('is published by its own runner alone', async () => {
    const shop = await claim('shop');
    const [runner, stranger] = [connect(), connect()];
    const refusal = expect.objectContaining({ code: 'STACK_NOT_RUNNING' }) as unknown;
    await expect(stacks.publish(shop, snapshotWith({}), runner)).rejects.toEqual(refusal);
    stacks.attach(shop, 1, runner);
    await expect(stacks.publish(shop, snapshotWith({}), stranger)).rejects.toEqual(refusal);
    expect(() => stacks.requireRunner(shop, stranger)).toThrow(refusal);
    expect([routed, changed]).toEqual([0, []]);
    await stacks.publish(shop, snapshotWith({}), runner);
    expect([routed, changed]).toEqual([1, [shop.root]]);
    sessions.detach(runner);
    await expect(stacks.publish(shop, snapshotWith({}), runner)).rejects.toEqual(refusal);
  });

  it('that goes while its routes are written is not published any more', async () => {
    const shop = await claim('shop');
    const runner = connect();
    stacks.attach(shop, 1, runner);
    const publishing = stacks.publish(shop, snapshotWith({}, ['api.localhost']), runner);
    const commit = ledger.commit.bind(ledger);
    ledger.commit = async (change) => {
      await commit(change);
      sessions.detach(runner);
    };
    await expect(publishing).rejects.toMatchObject({ code: 'STACK_NOT_RUNNING' });
    expect(routed).toBe(0);
  });

  it('keeps the leases of all ports that it publishes, and gives back the others', async () => {
    const shop = await claim('shop');
    const runner = connect();
    stacks.attach(shop, 1, runner);
    const ports = ['http', 'debug', 'old'].map((port) => ({ service: 'api', port }));
    await stacks.lease(shop, ports, { scope: 'stack' });
    await stacks.publish(shop, snapshotWith({}), runner);
    expect(ledger.current.leases.map(({ port }) => port).sort()).toEqual(['debug', 'http']);
  });

  it('is described with what it published: nothing that is not there is sent', async () => {
    const shop = await claim('shop');
    const runner = connect();
    stacks.attach(shop, 77, runner);
    await stacks.publish(
      shop,
      snapshotWith({ problems: ['a problem'], left: { message: 'two containers' } }),
      runner,
    );
    expect(stacks.find(shop)).toMatchObject({
      pid: 77,
      problems: ['a problem'],
      left: { message: 'two containers' },
    });
    await stacks.publish(shop, snapshotWith({}), runner);
    const described = stacks.find(shop) ?? {};
    expect(['left' in described, 'problems' in described, 'silent' in described]).toEqual([
      false,
      false,
      false,
    ]);
    sessions.detach(runner);
    expect(stacks.find(shop)).toBeUndefined();
    expect(stacks.list({ all: false })).toEqual([]);
    expect(stacks.list({ all: true }).map(({ slug }) => slug)).toEqual(['shop']);
  });
});

it('the port on which the front met TLS says so, and none beside it', async () => {
  const shop = await claim('shop');
  const runner = connect();
  stacks.attach(shop, 1, runner);
  await stacks.publish(shop, snapshotWith({}), runner);
  const spoken = (): unknown[] =>
    stacks.find(shop)?.services.flatMap(({ ports }) => ports.map((port) => port.speaksTls)) ?? [];
  expect(spoken()).toEqual([undefined, undefined]);
  tls = [20_002];
  expect(spoken()).toEqual([undefined, true]);
});

describe('what is forgotten', () => {
  it('is nothing while every checkout is there, and costs nothing then', async () => {
    await claim('shop');
    const before = commits;
    expect(await stacks.forget(undefined)).toEqual([]);
    expect([commits, routed]).toEqual([before, 0]);
  });

  it('is what has no checkout and no runner, with its routes', async () => {
    const [shop, blog] = [await claim('shop'), await claim('blog')];
    const runner = connect();
    stacks.attach(blog, 1, runner);
    rmSync(shop.root, { recursive: true });
    rmSync(blog.root, { recursive: true });
    expect((await stacks.forget(undefined)).map(({ slug }) => slug)).toEqual(['shop']);
    expect(routed).toBe(1);
    expect(ledger.current.stacks.map(({ slug }) => slug)).toEqual(['blog']);
  });
});

describe('numbers', () => {
  const rules = { range: { from: 20_100, to: 20_101, static: 0, exclude: [] }, reservations: [] };
  const ask = (port: string) => [{ service: 'api', port }];

  it('of checkouts that are gone are taken back when no other is left, and only then', async () => {
    const [old, shop] = [await claim('old'), await claim('shop')];
    const options = { scope: 'stack', rules } as const;
    const [first] = (await stacks.lease(old, ask('a'), options)).leases;
    rmSync(old.root, { recursive: true });
    const [second] = (await stacks.lease(shop, ask('a'), options)).leases;
    expect(second?.number).not.toBe(first?.number);
    const { leases } = await stacks.lease(shop, [...ask('a'), ...ask('b')], options);
    expect(leases.map(({ number }) => number).sort((left, right) => left - right)).toEqual([20_100, 20_101]);
    expect(ledger.current.stacks.map(({ slug }) => slug)).toEqual(['shop']);
    await expect(stacks.lease(shop, [...ask('a'), ...ask('b'), ...ask('c')], options)).rejects.toMatchObject({
      code: 'NO_FREE_PORT',
    });
  });

  it('that a contract reserves are nobody’s, also when its containers alone ask for theirs later', async () => {
    const [shop, blog] = [await claim('shop'), await claim('blog')];
    const two = { range: { from: 21_000, to: 21_001, static: 0, exclude: [] }, reservations: [] };
    const one = { ...two, reservations: [{ port: 21_000 }] };
    const api = { service: 'api', port: 'a' };
    await stacks.lease(shop, [api], { rules: one, scope: 'stack' });
    await stacks.lease(shop, [{ service: 'db', port: 'pg', static: 5_432, kept: true }], { scope: 'stack' });
    await expect(stacks.lease(blog, [api], { rules: two, scope: 'stack' })).rejects.toMatchObject({
      code: 'NO_FREE_PORT',
    });
  });

  it('are moved when they are taken, and stay when they are free after all, or another one was meant', async () => {
    const shop = await claim('shop');
    const { leases } = await stacks.lease(shop, ask('a'), { scope: 'stack' });
    const number = leases[0]?.number ?? 0;
    const move = (asked: number) =>
      stacks.reassign({ stack: shop, port: { service: 'api', port: 'a' }, number: asked });
    expect((await move(number)).lease.number).toBe(number);
    free = (port) => port !== number;
    expect((await move(number + 500)).lease.number).toBe(number);
    expect((await move(number)).lease.number).not.toBe(number);
  });
});

it('no number is told of before it is on disk', async () => {
  const shop = await claim('shop');
  const port = { service: 'api', port: 'a' };
  const { leases } = await stacks.lease(shop, [port], { scope: 'stack' });
  const number = leases[0]?.number ?? 0;
  full = new Error('the disk is full');
  await expect(stacks.lease(shop, [{ ...port, port: 'b' }], { scope: 'stack' })).rejects.toThrow(full);
  await expect(stacks.borrow({ stack: shop, port, number: 3_000 })).rejects.toThrow(full);
  free = (one) => one !== number;
  await expect(stacks.reassign({ stack: shop, port, number })).rejects.toThrow(full);
});

describe('a pinned number', () => {
  const forbidden = { free: true, holders: [], forbidden: true } as const;
  const sudo =
    process.platform === 'linux' ? '; "sudo sysctl net.ipv4.ip_unprivileged_port_start=80" allows it' : '';
  it.each([
    ['that is free is not spoken of', { free: true, holders: [] }, {}, []],
    [
      'that somebody has is granted, and told with who that is',
      { free: false, holders: [{ pid: 7, command: 'nginx' }] },
      {},
      ['port 80, pinned for api.a, is held by nginx (pid 7)'],
    ],
    [
      'that this user may not open is told as that',
      forbidden,
      {},
      [`port 80, pinned for api.a, may not be opened by this user${sudo}`],
    ],
    ['of a container is the engine’s to open', forbidden, { kept: true }, []],
  ] as const)('%s', async (_, seen, more, notices) => {
    sight = seen;
    const shop = await claim('shop');
    const ports = [{ service: 'api', port: 'a', static: 80, ...more }];
    const answer = await stacks.lease(shop, ports, { scope: 'stack' });
    expect(answer.leases).toMatchObject([{ number: 80 }]);
    expect(answer.notices).toEqual(notices);
  });

  it('is all that is spoken of: who listens on one that was chosen is not asked', async () => {
    sight = { free: false, holders: [{ pid: 7, command: 'nginx' }] };
    const shop = await claim('shop');
    const answer = await stacks.lease(shop, [{ service: 'api', port: 'a' }], { scope: 'stack' });
    expect(answer.notices).toEqual([]);
  });
});
