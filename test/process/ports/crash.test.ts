/**
 * The daemon is killed with -9 while leases are granted and released: no number has two owners, and nothing that was
 * granted is lost. `PORTRAMP_KILLS=200 npx vitest run --config test/vitest.config.ts test/process/ports/crash` is the
 * long version; the `PORTRAMP_SEED` that a run prints repeats it, as far as two runs can be alike.
 */
import { EventEmitter, once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { identityOf, isAlive } from '../../../src/lib/process-identity.ts';
import { ledgerSchema, type Ledger } from '../../../src/ports/ledger.ts';
import type { DaemonClient } from '../../../src/protocol/client.ts';
import type { PublishedService, StackKey } from '../../../src/protocol/messages.ts';
import { buildBundle, createPrivateHome, makeFolder, type PrivateHome } from '../daemon/bundle.ts';

const KILLS = Number(process.env['PORTRAMP_KILLS'] ?? 8);
const SEED = Number(process.env['PORTRAMP_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Milliseconds: from the first lease that was granted to the kill. */
const LONGEST_LIFE = 80;

let bundle: string;
let home: PrivateHome;

beforeAll(async () => {
  bundle = makeFolder();
  await buildBundle(bundle);
  home = createPrivateHome(bundle);
});
afterAll(async () => {
  await home.close();
  rmSync(bundle, { recursive: true });
});

/** mulberry32: small, and the same everywhere. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below;
  };
}

/** A runner, and what the daemon has told it. */
interface Tenant {
  readonly key: StackKey;
  readonly name: string;
  /** Service → number, as answered. */
  readonly held: Map<string, number>;
  /** Services whose release was asked for and not answered: theirs or not. */
  readonly doubtful: Set<string>;
  next: number;
}

const serviceOf = ([name, port]: [string, number]): PublishedService => ({
  name,
  kind: 'process',
  state: 'idle',
  restarts: 0,
  ports: [{ name: 'http', appProtocol: 'http', port, targetPort: port, hosts: [] }],
});

const portsOf = (services: Iterable<string>) => [...services].map((service) => ({ service, port: 'http' }));

async function register(tenant: Tenant, client: DaemonClient): Promise<void> {
  // Without what it holds: the ledger has to know by itself.
  const claim = { workspace: tenant.name, workspaceId: tenant.name, main: true };
  await client.request('claim', { ...tenant.key, ...claim });
  await client.request('attach', { stack: tenant.key, pid: process.pid });
}

/** Grants and releases until the daemon is gone. @param onGranted Called after each answer. */
async function work(
  tenant: Tenant,
  client: DaemonClient,
  random: (below: number) => number,
  onGranted: () => void,
): Promise<void> {
  for (;;) {
    const names = Array.from({ length: 1 + random(6) }, () => `s${(tenant.next += 1)}`);
    const { leases } = await client.request('lease', { stack: tenant.key, ports: portsOf(names) });
    for (const { service, number } of leases) tenant.held.set(service, number);
    onGranted();
    const released = [...tenant.held.keys()].filter(() => random(1) < 0.4);
    for (const service of released) tenant.doubtful.add(service);
    const services = [...tenant.held].filter(([service]) => !tenant.doubtful.has(service)).map(serviceOf);
    await client.request('publish', { stack: tenant.key, snapshot: { services, routes: [] } });
    for (const service of released) tenant.held.delete(service);
    tenant.doubtful.clear();
  }
}

const readLedger = (): Ledger => ledgerSchema.parse(JSON.parse(readFileSync(home.home.ledger, 'utf8')));

function checkLedger(tenants: readonly Tenant[]): void {
  const { leases } = readLedger();
  const numbers = leases.map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const { key, held, doubtful } of tenants) {
    for (const [service, number] of held) {
      const lease = leases.find((one) => one.root === key.root && one.service === service);
      if (lease === undefined && doubtful.has(service)) continue;
      expect([key.root, service, lease?.number]).toEqual([key.root, service, number]);
    }
  }
}

/** What the new daemon says about it; what was in doubt is settled. */
async function settle(tenant: Tenant, client: DaemonClient): Promise<void> {
  const sure = [...tenant.held.keys()].filter((service) => !tenant.doubtful.has(service));
  const { leases } = await client.request('lease', { stack: tenant.key, ports: portsOf(sure) });
  for (const { service, number } of leases)
    expect([service, number]).toEqual([service, tenant.held.get(service)]);
  for (const service of tenant.doubtful) tenant.held.delete(service);
  tenant.doubtful.clear();
  const services = [...tenant.held].map(serviceOf);
  await client.request('publish', { stack: tenant.key, snapshot: { services, routes: [] } });
}

describe('a daemon that is killed', () => {
  it(
    `loses no lease and grants none twice (${KILLS} kills)`,
    async () => {
      console.log(`PORTRAMP_SEED=${SEED}`);
      const random = createRandom(SEED);
      const tenants = Array.from({ length: 4 }, (_, index): Tenant => {
        const root = join(home.home.root, '..', `tenant-${index}`);
        mkdirSync(root);
        const key = { root, environment: 'dev' };
        return { key, name: `tenant-${index}`, held: new Map(), doubtful: new Set(), next: 0 };
      });
      let granted = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const clients: DaemonClient[] = [];
        for (const tenant of tenants) {
          const client = await home.connect();
          clients.push(client);
          await register(tenant, client);
          await settle(tenant, client);
        }
        const { pid } = (await clients[0]?.request('status', {})) ?? { pid: 0 };
        const daemon = identityOf(pid);
        if (daemon === undefined) throw new Error('the daemon is gone already');
        const grants = new EventEmitter();
        const isGranting = once(grants, 'granted');
        const working = Promise.all(
          tenants.map((tenant, index) =>
            work(tenant, clients[index]!, random, () => grants.emit('granted')).catch(
              (error: unknown) => error,
            ),
          ),
        );
        await Promise.race([isGranting, working]);
        await pause(random(LONGEST_LIFE));
        process.kill(daemon.pid, 'SIGKILL');
        // Quiet: every request was answered or lost.
        for (const error of await working) expect(error).toMatchObject({ name: 'PortrampError' });
        await eventually(() => expect(isAlive(daemon)).toBe(false));
        for (const client of clients) client.close();
        checkLedger(tenants);
        granted += tenants.reduce((sum, { held }) => sum + held.size, 0);
      }
      expect(granted).toBeGreaterThan(0);
      console.log(`${KILLS} kills, ${tenants.reduce((sum, { next }) => sum + next, 0)} leases asked for`);
    },
    60_000 + KILLS * 5_000,
  );
});
