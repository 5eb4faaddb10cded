/** The other ways from one instance to the next, and what stands before several of them. */
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { eventually } from '../../eventually.ts';
import { createMachine, node, request, type Machine, type Workspace } from '../workspace.ts';
import { startLoad } from './load.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

interface App {
  readonly version?: number;
  readonly fields?: string;
  readonly env?: string;
}

const contract = ({ version = 0, fields = '', env = '' }: App = {}): string => `
version: 1
workspace: shop
services:
  app:
    command: ${node('app.js')}
    ready: { http: / }
    env: { VERSION: ${version}${env === '' ? '' : `, ${env}`} }
    ${fields}
`;

async function frontPort(): Promise<number> {
  return (await machine.ls()).front.http ?? 0;
}

async function portOf(workspace: Workspace, service = 'app'): Promise<number> {
  return (await workspace.service(service)).ports[0]?.port ?? 0;
}

/** One connection to the port, told apart by how it went. */
const dial = (port: number): Promise<'connected' | 'refused'> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve('connected');
    });
    socket.once('error', () => resolve('refused'));
  });

/** A WebSocket that has been greeted; the promise in it is the code that it is closed with. */
async function openSocket(port: number, host: string): Promise<{ readonly closed: Promise<number> }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host } });
  await once(socket, 'message');
  return { closed: once(socket, 'close').then(([code]) => code as number) };
}

/** An event stream that has begun; the promise in it is its end. */
function openEvents(port: number, host: string): Promise<{ readonly ended: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const headers = { host, accept: 'text/event-stream' };
    http
      .get({ host: '127.0.0.1', port, path: '/events', headers, agent: false }, (response) => {
        const ended = new Promise<void>((done) => response.once('close', done));
        response.once('data', () => resolve({ ended })).on('error', () => undefined);
      })
      .once('error', reject);
  });
}

describe('replace', () => {
  it('holds requests at the front: none is refused and none gets a 502; the wait is the start of the service', async () => {
    const shop = machine.workspace('shop', contract({ env: 'START_DELAY: 300' }));
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const load = startLoad({ port: await frontPort(), host: 'app.shop.localhost', clients: 64 });
    for (let version = 1; version <= 3; version += 1) {
      shop.contract(contract({ version, env: 'START_DELAY: 300' }));
      await eventually(() => expect(load.answers.at(-1)?.version ?? load.failures[0]).toBe(String(version)));
      await load.more(64);
    }
    await load.stop();
    expect(load.failures).toEqual([]);
    // The start itself takes a moment more than the delay, on a busy machine seconds; a limit that ran out would take 30.
    expect(Math.max(...load.answers.map(({ took }) => took))).toBeLessThan(20_000);
  });

  it('does not wait for streams that never end, and lets downloads finish, also where the service waits for both', async () => {
    const fields = 'ramp: true';
    const env = 'PATIENT: 1';
    const shop = machine.workspace('shop', contract({ fields, env }));
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const ways = [
      { port: await portOf(shop), host: 'app' },
      { port: await frontPort(), host: 'app.shop.localhost' },
    ];
    const streams = await Promise.all(
      ways.map(async ({ port, host }) => ({
        socket: await openSocket(port, host),
        events: await openEvents(port, host),
        download: request({ host: '127.0.0.1', port, path: '/download', headers: { host } }),
      })),
    );
    shop.contract(contract({ version: 1, fields, env }));
    for (const { socket, events, download } of streams) {
      expect((await download).body.length).toBe(10 * 1024 * 1024);
      expect(await socket.closed).toBe(1001);
      await events.ended;
    }
    await eventually(async () => {
      const answer = await request({ host: '127.0.0.1', port: ways[0]?.port ?? 0, path: '/' });
      expect(JSON.parse(answer.body)).toMatchObject({ version: '1' });
    });
    // By itself, when its last connection had ended: nobody had to kill it.
    expect((await shop.run('logs', 'app')).stdout).toMatch(/exited with code 0/);
  });

  it('holds them through a crash, too', async () => {
    const shop = machine.workspace('shop', contract());
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const load = startLoad({ port: await frontPort(), host: 'app.shop.localhost', clients: 16 });
    await load.more(16);
    process.kill((await shop.service('app')).pid ?? 0, 'SIGKILL');
    await eventually(async () => expect((await shop.service('app')).restarts).toBe(1));
    await shop.until('app', 'ready');
    await load.more(64);
    await load.stop();
    // GET may be asked again: nothing was lost.
    expect(load.failures).toEqual([]);
  });
});

describe('a ramp', () => {
  it('refuses dials until the service was ready once, and takes them while it restarts', async () => {
    const shop = machine.workspace('shop', contract({ fields: 'ramp: true', env: 'START_DELAY: 800' }));
    // The numbers are there before anything runs.
    const url = (await shop.run('url', 'app', '--direct')).stdout.trim();
    const port = Number(new URL(url).port);
    let probing = true;
    const seen: string[] = [];
    const probes = (async () => {
      while (probing) seen.push(await dial(port));
    })();
    const up = shop.run('dev', '-d');
    expect((await up).code).toBe(0);
    probing = false;
    await probes;
    const first = seen.indexOf('connected');
    expect(first).toBeGreaterThan(0);
    expect(new Set(seen.slice(first))).toEqual(new Set(['connected']));
    const service = await shop.service('app');
    expect(service.ports[0]?.targetPort).not.toBe(port);

    const load = startLoad({ port, clients: 16 });
    await load.more(16);
    expect((await shop.run('restart', 'app')).code).toBe(0);
    await eventually(async () => {
      const { pid, state } = await shop.service('app');
      expect(state).toBe('ready');
      expect(pid).not.toBe(service.pid);
    });
    await load.more(64);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(new Set(load.answers.map(({ pid }) => pid)).size).toBe(2);

    expect((await shop.run('stop', 'app')).code).toBe(0);
    await shop.until('app', 'idle');
    await eventually(async () => expect(await dial(port)).toBe('refused'));
  });

  it('does not stand where nobody asked for it', async () => {
    const shop = machine.workspace('shop', contract());
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const { ports, instances, pid } = await shop.service('app');
    expect(ports[0]?.targetPort).toBe(ports[0]?.port);
    expect(instances).toBeUndefined();
    const answer = await request({ host: '127.0.0.1', port: ports[0]?.port ?? 0, path: '/' });
    expect(JSON.parse(answer.body)).toMatchObject({ pid });
  });
});

describe('replicas', () => {
  it('that cannot be had are refused with the reason, and stand in the way of nothing', async () => {
    const shop = machine.workspace('shop', contract({ fields: 'replicas: 2' }));
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const whole = contract({ fields: 'replicas: 2' });
    shop.contract('version: [');
    const { code, stderr } = await shop.run('scale', 'app=3');
    expect([code, stderr]).toEqual([2, expect.stringContaining('portramp.yaml:')]);
    shop.contract(whole);
    await eventually(async () => expect((await shop.stack()).problems ?? []).toEqual([]));
    expect((await shop.service('app')).instances).toHaveLength(2);
    expect((await shop.run('scale', 'app=3')).code).toBe(0);
    await eventually(async () => expect((await shop.service('app')).instances).toHaveLength(3));
  });

  it('share the work at front and ramp, and come and go while it goes on', async () => {
    const shop = machine.workspace('shop', contract({ fields: 'replicas: 2' }));
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const port = await portOf(shop);
    const ways = [
      { port, clients: 8, path: '/?wait=5' },
      { port: await frontPort(), host: 'app.shop.localhost', clients: 8, path: '/?wait=5' },
    ];
    const serving = async () =>
      ((await shop.service('app')).instances ?? []).filter(
        ({ state, role }) => state === 'ready' && role === 'serving',
      );
    for (const size of [2, 4, 1]) {
      const loads = ways.map(startLoad);
      if (size !== 2) {
        const scaled = await shop.run('scale', `app=${size}`, '--no-wait');
        expect(scaled.stdout).toMatch(new RegExp(`scaling app to ${size}`));
      }
      await eventually(async () => {
        expect(await serving()).toHaveLength(size);
        expect((await shop.service('app')).instances).toHaveLength(size);
      });
      for (const load of loads) {
        const before = load.answers.length;
        await load.more(200);
        await load.stop();
        expect(load.failures).toEqual([]);
        const shares = new Map<number, number>();
        for (const { pid } of load.answers.slice(before)) shares.set(pid, (shares.get(pid) ?? 0) + 1);
        expect(shares.size).toBeGreaterThanOrEqual(size);
        if (size > 1) expect(Math.min(...shares.values())).toBeGreaterThan(200 / size / 4);
      }
    }
  });

  it('lose one to a crash without a failed request', async () => {
    const shop = machine.workspace('shop', contract({ fields: 'replicas: 2' }));
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const loads = [
      startLoad({ port: await portOf(shop), clients: 8 }),
      startLoad({ port: await frontPort(), host: 'app.shop.localhost', clients: 8 }),
    ];
    const [victim] = (await shop.service('app')).instances ?? [];
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    await eventually(async () => {
      const { instances, restarts } = await shop.service('app');
      expect(restarts).toBe(1);
      expect(instances?.map(({ state }) => state)).toEqual(['ready', 'ready']);
    });
    for (const load of loads) {
      await load.more(50);
      await load.stop();
      expect(load.failures).toEqual([]);
    }
  });

  it('follow one by one when they roll', async () => {
    const rolling = 'replicas: 3\n    transition: { strategy: rolling, drainTimeout: 500ms }';
    const shop = machine.workspace('shop', contract({ fields: rolling }));
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const load = startLoad({ port: await portOf(shop), clients: 16 });
    shop.contract(contract({ version: 1, fields: rolling }));
    let most = 0;
    await eventually(async () => {
      const { instances = [] } = await shop.service('app');
      most = Math.max(most, instances.length);
      const answers = load.answers.slice(-64).map(({ version }) => version);
      expect(instances).toHaveLength(3);
      expect(new Set(answers)).toEqual(new Set(['1']));
    });
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(most).toBeLessThanOrEqual(4);
  });
});
