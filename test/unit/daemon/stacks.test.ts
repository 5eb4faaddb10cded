import { mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createSessions, type Connection, type Sessions } from '../../../src/daemon/sessions.ts';
import { createStacks, type Stacks } from '../../../src/daemon/stacks.ts';
import { openLedger, type LedgerFile } from '../../../src/ports/ledger-file.ts';
import type { Sighting } from '../../../src/front/sightings.ts';
import type { StackClaim } from '../../../src/protocol/messages.ts';
import { createManualClock } from '../manual-clock.ts';

let folder: string;
let ledger: LedgerFile;
let sessions: Sessions;
let stacks: Stacks;
let taken: Set<number>;
let tables: number;
/** What the front saw of answers, by the number of the target. */
let seen: Map<number, Sighting>;

const SEEN: Sighting = { failed: { message: 'refused', ago: 5 } };
const API = { service: 'api', port: 'http' };
const RULES = { range: { from: 21_000, to: 21_001, static: 0, exclude: [] }, reservations: [] };

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-stacks-')));
  ledger = (await openLedger(join(folder, 'ledger.json'))).file;
  taken = new Set();
  tables = 0;
  seen = new Map();
  sessions = createSessions({ clock: createManualClock(), onChange: () => undefined });
  stacks = createStacks({
    ledger,
    sessions,
    route: () => (tables += 1),
    onChange: () => undefined,
    knowsTls: () => false,
    sightingOf: ({ port }) => seen.get(port),
    isPortFree: async (port) => !taken.has(port),
    lookAtPort: async (port) => ({ free: !taken.has(port), holders: [] }),
  });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const claimOf = (name: string): StackClaim => ({
  root: realpathSync(mkdtempSync(join(folder, `${name}-`))),
  environment: 'dev',
  workspace: name,
  workspaceId: `id of ${name}`,
  main: true,
});

async function claim(name: string): Promise<StackClaim> {
  const claimed = claimOf(name);
  await stacks.claim(claimed, undefined);
  return claimed;
}

const lease = async (key: StackClaim, service = 'api'): Promise<number | undefined> =>
  (await stacks.lease(key, [{ service, port: 'http' }], { rules: RULES, scope: 'stack' })).leases[0]?.number;

/** A connection that nothing is asked of. */
const connection = (): Connection => ({
  lastHeard: 0,
  peer: {
    request: async () => ({}),
    notify: () => undefined,
    close: () => undefined,
    destroy: () => undefined,
    closed: false,
    unsent: 0,
  },
});

describe('what the front saw of answers', () => {
  it('is told of the service that gave them, and of none that has not been asked', async () => {
    const shop = await claim('shop');
    const runner = connection();
    stacks.attach(shop, 1, runner);
    const services = ['api', 'web', 'job'].map((name) => ({
      name,
      kind: 'process',
      state: 'ready' as const,
      restarts: 0,
      ports: [],
    }));
    const routes = [
      ['api', 3001],
      ['web', 3002],
    ].map(([service, port]) => ({
      host: `${service}.shop.localhost`,
      service: String(service),
      port: 'http',
      route: {
        state: 'live' as const,
        targets: [{ protocol: 'http' as const, host: '127.0.0.1', port: Number(port) }],
      },
    }));
    await stacks.publish(shop, { services, routes }, runner);
    const answers = (): unknown[] => stacks.find(shop)?.services.map((service) => service.answers) ?? [];
    expect(answers()).toEqual([undefined, undefined, undefined]);
    seen.set(3002, SEEN);
    expect(answers()).toEqual([undefined, SEEN, undefined]);
  });
});

describe('a number that a service opened in place of its own', () => {
  const attach = (key: StackClaim): void => stacks.attach(key, 1, connection());
  const borrow = (stack: StackClaim, number: number) => stacks.borrow({ stack, port: API, number });

  it('is nobody else’s while the stack runs, and remembered when it does not', async () => {
    const [shop, other] = [await claim('shop'), await claim('other')];
    const own = (await lease(shop)) ?? 0;
    const free = own === 21_000 ? 21_001 : 21_000;
    const runner = connection();
    stacks.attach(shop, 1, runner);
    expect(await borrow(shop, free)).toEqual({ lease: { ...API, number: own, borrowed: free } });
    await expect(lease(other)).rejects.toMatchObject({ code: 'NO_FREE_PORT' });
    const pinned = [{ ...API, static: free }];
    const wide = { ...RULES, range: { ...RULES.range, to: 21_009 } };
    const granted = await stacks.lease(other, pinned, { rules: wide, scope: 'stack' });
    expect(granted.leases[0]?.number).not.toBe(free);
    expect(granted.notices?.join()).toContain(`pinned to port ${free}, which api of shop`);
    sessions.detach(runner);
    expect(await stacks.lease(other, pinned, { rules: wide, scope: 'stack' })).toMatchObject({
      leases: [{ number: free }],
    });
    // Another has it now: it is remembered no more.
    const again = await stacks.lease(shop, [API], { rules: RULES, scope: 'stack' });
    expect(again.leases).toEqual([{ ...API, number: own }]);
  });

  it('is anybody’s while its service does not run, and remembered all the same', async () => {
    const [shop, other] = [await claim('shop'), await claim('other')];
    await lease(shop);
    await lease(other);
    const runner = connection();
    stacks.attach(shop, 1, runner);
    attach(other);
    const publish = (state: 'ready' | 'idle' | 'backoff') => {
      const port = { name: 'http', appProtocol: 'http' as const, port: 3000, targetPort: 3000, hosts: [] };
      const service = { name: 'api', kind: 'process', state, restarts: 0, ports: [port] };
      return stacks.publish(shop, { services: [service], routes: [] }, runner);
    };
    await borrow(shop, 3000);
    for (const state of ['ready', 'backoff'] as const) {
      await publish(state);
      expect(await borrow(other, 3000)).toMatchObject({ holder: 'api of shop' });
    }
    await publish('idle');
    const asked = [API];
    expect(await stacks.lease(shop, asked, { rules: RULES, scope: 'stack' })).toMatchObject({
      leases: [{ borrowed: 3000 }],
    });
    expect(await borrow(other, 3000)).toMatchObject({ lease: { borrowed: 3000 } });
    // Its next start finds another there, and is looked for on its own number again.
    await publish('ready');
    expect(await borrow(shop, 3000)).toMatchObject({ holder: 'api of other' });
  });

  it('is not borrowed where another service has it, and given back by the own number', async () => {
    const [shop, other] = [await claim('shop'), await claim('other')];
    const [own = 0, its = 0] = [await lease(shop), await lease(other)];
    attach(shop);
    expect(await borrow(shop, its)).toEqual({ lease: { ...API, number: own }, holder: 'api of other' });
    expect(await borrow(shop, 3000)).toMatchObject({ lease: { borrowed: 3000 } });
    attach(other);
    expect(await borrow(other, 3000)).toMatchObject({ holder: 'api of shop' });
    expect(await borrow(shop, own)).toEqual({ lease: { ...API, number: own } });
    expect(await borrow(other, 3000)).toMatchObject({ lease: { borrowed: 3000 } });
    await expect(
      stacks.borrow({ stack: shop, port: { service: 'web', port: 'http' }, number: 3001 }),
    ).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
  });
});

describe('a range that is used up', () => {
  it('gets back the numbers of checkouts that are gone, and only those', async () => {
    const [gone, stays, next] = [await claim('gone'), await claim('stays'), await claim('next')];
    const numbers = [await lease(gone), await lease(stays)];
    await expect(lease(next)).rejects.toMatchObject({ code: 'NO_FREE_PORT' });
    rmSync(gone.root, { recursive: true });
    expect(await lease(next)).toBe(numbers[0]);
    expect(await lease(stays)).toBe(numbers[1]);
    expect(stacks.list({ all: true }).map(({ workspace }) => workspace)).toEqual(['next', 'stays']);
  });
});

describe('a checkout that is gone while its stack runs', () => {
  it('keeps its numbers for as long as it does', async () => {
    const [gone, stays, next] = [await claim('gone'), await claim('stays'), await claim('next')];
    const number = await lease(gone);
    await lease(stays);
    const runner = connection();
    stacks.attach(gone, 1, runner);
    rmSync(gone.root, { recursive: true });
    await expect(lease(next)).rejects.toMatchObject({ code: 'NO_FREE_PORT' });
    sessions.detach(runner);
    expect(await lease(next)).toBe(number);
  });

  it('keeps its name for as long as it does', async () => {
    const nameOf = async (): Promise<string> => (await stacks.claim(claimOf('shop'), undefined)).stack.slug;
    const gone = await claim('shop');
    const runner = connection();
    stacks.attach(gone, 1, runner);
    rmSync(gone.root, { recursive: true });
    expect(await nameOf()).not.toBe('shop');
    sessions.detach(runner);
    expect(await nameOf()).toBe('shop');
  });
});

describe('a number that a stranger may have', () => {
  it('moves only while it is taken, and only if it is still the port’s', async () => {
    const shop = await claim('shop');
    const number = (await lease(shop)) ?? 0;
    const asked = { stack: shop, port: API, number, rules: RULES };
    expect(await stacks.reassign(asked)).toMatchObject({ moved: false, lease: { number } });
    taken.add(number);
    const moved = await stacks.reassign(asked);
    expect(moved).toMatchObject({ moved: true, lease: { generation: 2 } });
    expect(moved.lease.number).not.toBe(number);
    // Asked once more about the number that it had before: it is not the port's any more.
    expect(await stacks.reassign(asked)).toEqual({ ...moved, moved: false });
    await expect(stacks.reassign({ ...asked, port: { service: 'web', port: 'http' } })).rejects.toMatchObject(
      {
        code: 'BAD_MESSAGE',
        message: 'web.http has no lease',
      },
    );
  });
});

describe('a stack', () => {
  it('without a name can do nothing, and is told so', async () => {
    const key = { root: folder, environment: 'dev' };
    expect(() => stacks.attach(key, 1, connection())).toThrow(
      expect.objectContaining({ code: 'BAD_MESSAGE', message: `${folder} has not claimed a name yet` }),
    );
    await expect(stacks.judgeHosts(key, ['a.localhost'])).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
  });

  it('is published by its runner alone; what it leaves is listed', async () => {
    const shop = await claim('shop');
    const runner = connection();
    const snapshot = { services: [], routes: [] };
    await expect(stacks.publish(shop, snapshot, runner)).rejects.toMatchObject({ code: 'STACK_NOT_RUNNING' });
    stacks.attach(shop, 1, runner);
    await stacks.publish(shop, snapshot, runner);
    expect(tables).toBe(1);
    expect(stacks.list({ all: false })[0]).not.toHaveProperty('left');
    await stacks.publish(shop, { ...snapshot, left: { message: 'one is left' } }, runner);
    expect(stacks.list({ all: false })[0]).toMatchObject({ left: { message: 'one is left' } });
    await expect(stacks.publish(shop, snapshot, connection())).rejects.toMatchObject({
      code: 'STACK_NOT_RUNNING',
    });
    expect(() => stacks.requireRunner(shop, connection())).toThrow();
    expect(() => stacks.requireRunner(shop, runner)).not.toThrow();
    expect(tables).toBe(2);
  });

  it('is forgotten when its checkout is gone; where none is, nothing is written', async () => {
    const shop = await claim('shop');
    const written = (): number => statSync(join(folder, 'ledger.json')).ino;
    const before = written();
    expect(await stacks.forget(undefined)).toEqual([]);
    expect([written(), tables]).toEqual([before, 0]);
    rmSync(shop.root, { recursive: true });
    expect(await stacks.forget(undefined)).toMatchObject([{ workspace: 'shop' }]);
    expect(tables).toBe(1);
    expect(written()).not.toBe(before);
  });

  it('keeps its claim after its folder is gone, when its runner says what it held', async () => {
    const shop = claimOf('shop');
    rmSync(shop.root, { recursive: true });
    await expect(stacks.claim(shop, undefined)).rejects.toMatchObject({ code: 'BAD_MESSAGE' });
    const held = { slug: 'shop', index: 0, leases: [{ ...API, number: 21_000 }] };
    expect(await stacks.claim(shop, held)).toMatchObject({ stack: { slug: 'shop' } });
    expect(await stacks.claim(shop, undefined)).toMatchObject({ stack: { slug: 'shop' } });
  });
});
