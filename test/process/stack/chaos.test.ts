/**
 * Kills one random process after the other, at random moments, and looks each time whether all is well again: no
 * stray process, no route to nowhere, no lost lease, the daemon back, the watchdog back.
 *
 *     npm run chaos                       a round for ten of the storm's (chaos-storm.test.ts)
 *     CHAOS_ROUNDS=500 CHAOS_SEED=7 npm run chaos
 */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { lockHolder } from '../../../src/lib/lock.ts';
import type { PublishedService } from '../../../src/protocol/messages.ts';
import { SEED, createRandom, listProcesses, send, type Process } from './chaos.ts';
import { createMachine, program, request, type Machine, type Workspace } from '../workspace.ts';

const ROUNDS = Math.ceil(Number(process.env['CHAOS_ROUNDS'] ?? 50) / 10);

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const APP = `${process.execPath} ${program('app.js')}`;
const FOREVER =
  'restart: { policy: always, max: 1000 }, stop: { timeout: 2s }, ready: { http: /, interval: 50ms }';

/** Each of them has another way of hiding its server. */
const contract = (marker: string): string => `
version: 1
workspace: shop
services:
  npm: { command: npm run --silent serve, ${FOREVER} }
  shell: { command: "${APP} ${marker}shell & wait $!", ${FOREVER}, consumes: [npm] }
  session: { command: "setsid ${APP} ${marker}session & wait $!", ${FOREVER} }
  bare: { command: "env -i PORT=$PORT ${APP} ${marker}bare & wait $!", ${FOREVER} }
  forked:
    command: "rm -f forked.pid; (setsid sh -c 'echo $$ > forked.pid; exec ${APP} ${marker}forked' &); while ! test -s forked.pid; do sleep 0.02; done; while kill -0 $(cat forked.pid) 2>/dev/null; do sleep 0.1; done; exit 1"
    restart: { policy: always, max: 1000 }
    stop: { timeout: 2s }
    ready: { http: /, interval: 50ms }
  handed: { command: "exec ${APP} ${marker}handed", ${FOREVER}, transition: { strategy: handoff, drainTimeout: 500ms } }
`;

it(`survives ${ROUNDS} rounds (seed ${SEED})`, { timeout: ROUNDS * 60_000 }, async () => {
  const random = createRandom(SEED);
  // Also found where the environment is gone: it is a word of the command line.
  const marker = `chaos-${process.pid}-${SEED}-`;
  const shop = machine.workspace('shop', contract(marker));
  shop.write('package.json', JSON.stringify({ scripts: { serve: `${APP} ${marker}npm` } }));
  expect((await shop.run('dev', '-d')).code).toBe(0);
  const leases = portsOf((await shop.stack()).services);
  const counts = new Map<string, number>();
  let worst = 0;

  for (let round = 1; round <= ROUNDS; round += 1) {
    const victims = [...(await findVictims(shop, marker))];
    // First what sort of process, then which one: there are many servers and one daemon.
    const sort = random.choose([...new Set(victims.map(([name]) => name.split(' ')[0]))]);
    const [kind, pid] = random.choose(victims.filter(([name]) => name.split(' ')[0] === sort)) ?? [
      'nothing',
      0,
    ];
    // In the middle of something, every now and then.
    const meanwhile =
      random.next() < 0.3
        ? shop.run('restart', random.choose(['npm', 'forked', 'handed']) ?? 'npm')
        : undefined;
    await pause(random.next() * 400);
    send(pid, 'SIGKILL');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    await meanwhile;
    const began = performance.now();
    if (kind === 'runner') {
      // Its stack is gone with it, to the last process.
      await eventually(() => expect(serversOf(marker)).toEqual([]), 20_000);
      expect((await shop.run('dev', '-d')).code).toBe(0);
    }
    await quiet(marker, leases).catch((error: unknown) => {
      throw new Error(`round ${round}, seed ${SEED}, after the ${kind} (pid ${pid}): ${String(error)}`);
    });
    worst = Math.max(worst, performance.now() - began);
  }
  const kills = [...counts].map(([kind, count]) => `${kind} ${count}`).sort();
  console.log(
    `chaos: seed ${SEED}, ${ROUNDS} rounds: ${kills.join(', ')}; longest until quiet ${Math.round(worst)} ms`,
  );
});

/** Everything that can be killed, by what it is. */
async function findVictims(shop: Workspace, marker: string): Promise<Map<string, number>> {
  const { pid: runner = 0, services } = await shop.stack();
  const all = listProcesses();
  const victims = new Map<string, number>([['runner', runner]]);
  const watchdog = all.find(({ ppid, command }) => ppid === runner && command.includes('watchdog.js'));
  if (watchdog !== undefined) victims.set('watchdog', watchdog.pid);
  const daemon = lockHolder(machine.home.lock)?.pid;
  if (daemon !== undefined) victims.set('daemon', daemon);
  for (const { name, pid } of services) {
    if (pid !== undefined) victims.set(`leader of ${name}`, pid);
    const server = serversOf(marker).find(({ command }) => command.endsWith(`${marker}${name}`));
    if (server !== undefined) victims.set(`server of ${name}`, server.pid);
    const wrapper = all.find((one) => one.pid === server?.ppid && one.pid !== pid && one.pid !== 1);
    if (wrapper !== undefined && wrapper.pid !== runner) victims.set(`wrapper of ${name}`, wrapper.pid);
  }
  return victims;
}

/** All is well: every service is ready and answers through the front, on its old number, and nothing else runs. */
async function quiet(marker: string, leases: readonly string[]): Promise<void> {
  await eventually(async () => {
    const { front, stacks } = await machine.ls();
    const { services, pid: runner } = stacks[0] ?? { services: [], pid: 0 };
    expect(services.map(({ name, state }) => `${name} ${state}`)).toEqual(
      services.map(({ name }) => `${name} ready`),
    );
    expect(portsOf(services)).toEqual(leases);
    const servers = serversOf(marker);
    expect(servers.map(({ command }) => command.split(' ').at(-1) ?? '').sort()).toEqual(
      services.map(({ name }) => `${marker}${name}`).sort(),
    );
    for (const { name } of services) {
      const { status, body } = await request({
        host: '127.0.0.1',
        port: front.http ?? 0,
        path: '/',
        headers: { host: `${name}.shop.localhost` },
      });
      expect(status).toBe(200);
      const { pid } = JSON.parse(body) as { pid: number };
      expect(
        servers.some((server) => server.pid === pid && server.command.endsWith(`${marker}${name}`)),
      ).toBe(true);
    }
    const watchdogs = listProcesses().filter(
      ({ ppid, command }) => ppid === runner && command.includes('watchdog.js'),
    );
    expect(watchdogs).toHaveLength(1);
    expect(lockHolder(machine.home.lock)).toBeDefined();
  }, 45_000);
}

const portsOf = (services: readonly PublishedService[]): string[] =>
  services.flatMap(({ name, ports }) => ports.map(({ port }) => `${name} ${port}`)).sort();

const serversOf = (marker: string): Process[] =>
  listProcesses().filter(({ command }) => command.startsWith(`${APP} ${marker}`));
