/** What the front tells of requests to whoever watches. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import type { RequestEvent } from '../../../src/front/observe.ts';
import type { Engine } from '../../../src/proxy/engine/engine.ts';
import type { NoticeParams } from '../../../src/protocol/messages.ts';
import { createConnection } from '../../../src/protocol/connection.ts';
import { engines } from '../proxy/engines.ts';
import { createManualClock } from '../../unit/manual-clock.ts';
import { createScene as createDaemon } from '../daemon/scene.ts';
import { createMachine, node, type Machine } from '../workspace.ts';
import { createScene, stackOf, type Scene } from './scene.ts';

describe.each(engines)('with the engine $name', ({ create }) => {
  let scene: Scene;
  let seen: RequestEvent[];
  let decisions: unknown[];

  beforeEach(async () => {
    decisions = [];
    scene = await createScene({ engine: spyOn(create(), decisions) });
    seen = [];
  });
  afterEach(() => scene.close());

  const watch = (): (() => void) => scene.front.requests.on((event) => seen.push(event));
  const last = async (count = 1): Promise<RequestEvent | undefined> => {
    await eventually(() => expect(seen).toHaveLength(count));
    return seen.at(-1);
  };

  it('tells who was asked what, and how that went', async () => {
    const web = await scene.backend((_, res) => res.writeHead(201).end('hello'));
    scene.front.publish([stackOf('shop', { web })]);
    watch();
    const before = Date.now();
    await scene.ask('web.localhost', { method: 'POST', path: '/x?y=1', body: 'abc' });
    const event = await last();
    const target = web.state === 'live' ? web.targets[0] : undefined;
    expect(event).toMatchObject({
      method: 'POST',
      host: 'web.localhost',
      path: '/x?y=1',
      status: 201,
      complete: true,
      stack: { slug: 'shop', key: 'key of shop' },
      service: 'web',
      port: 'http',
      target: `127.0.0.1:${target?.port}`,
    });
    expect(event?.time).toBeGreaterThanOrEqual(before);
    expect(event?.duration).toBeGreaterThan(0);
    expect(event?.held).toBeLessThanOrEqual(event?.duration ?? 0);
  });

  it('tells of its own answers, of hosts that lead nowhere, and of pages that were kept out', async () => {
    scene.front.publish([stackOf('shop', { web: { state: 'stopped' } })]);
    watch();
    const { body } = await scene.ask('web.localhost');
    expect(await last()).toMatchObject({ status: 503, service: 'web', bytes: body.length, complete: true });
    expect(seen[0]).toHaveProperty('target', undefined);
    await scene.ask('nobody.localhost');
    expect(await last(2)).toMatchObject({ status: 404 });
    expect(seen[1]).not.toHaveProperty('stack');
    await scene.ask('web.localhost', { headers: { origin: 'https://evil.example' } });
    expect(await last(3)).toMatchObject({ status: 403, service: 'web' });
  });

  it('tells how long a request was held', async () => {
    const clock = createManualClock();
    const slow = await createScene({ engine: create(), clock });
    slow.front.publish([stackOf('shop', { web: { state: 'warming' } })]);
    slow.front.requests.on((event) => seen.push(event));
    const answer = slow.ask('web.localhost');
    // Whoever waits has a timer.
    await eventually(() => expect(clock.waiting).toBe(1));
    const up = await slow.backend('up');
    await clock.advance(750);
    slow.front.publish([stackOf('shop', { web: up })]);
    await answer;
    const event = await last();
    expect(event?.held).toBe(750);
    expect(event?.duration).toBeGreaterThanOrEqual(event?.held ?? 0);
    await slow.close();
  });

  it('tells of a client that left while it was held', async () => {
    scene.front.publish([stackOf('shop', { web: { state: 'warming' } })]);
    watch();
    const client = connect(scene.port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: web.localhost\r\n\r\n', () => client.destroy());
    expect(await last()).toMatchObject({ status: undefined, bytes: 0, complete: false, service: 'web' });
  });

  it('asks the engine for nothing while nobody watches', async () => {
    const web = await scene.backend('hello');
    scene.front.publish([stackOf('shop', { web })]);
    await scene.ask('web.localhost');
    const stop = watch();
    await scene.ask('web.localhost');
    await last();
    stop();
    await scene.ask('web.localhost');
    expect(decisions.map((decision) => Object.hasOwn(decision as object, 'onDone'))).toEqual([
      false,
      true,
      false,
    ]);
    expect(seen).toHaveLength(1);
  });
});

/** Writes down what the front decides. */
const spyOn = (engine: Engine, decisions: unknown[]): Engine => ({
  ...engine,
  createServer: (handler) =>
    engine.createServer(async (head, signal) => {
      const decision = await handler(head, signal);
      decisions.push(decision);
      return decision;
    }),
});

describe('a client that follows and does not read', () => {
  it('loses requests, is told how many, and stops nobody', async () => {
    const scene = createDaemon();
    const clock = createManualClock();
    try {
      await scene.start({ clock });
      const { requests } = scene.front;
      const slow = connect(scene.home.socket);
      const { peer, notices } = createConnection(slow);
      await peer.request('hello', { protocol: { min: 1, max: 1 }, version: '1.0.0' });
      await peer.request('follow', {});
      slow.pause();
      const other = await scene.connect();
      // More than sockets and the daemon keep for it.
      for (let round = 0; round < 12; round += 1) {
        for (let count = 0; count < 400; count += 1) requests.emit(LONG);
        await clock.advance(50);
        expect(await other.request('holder', { port: 1 })).toHaveProperty('free');
      }
      const told = { shown: 0, missed: 0 };
      notices.on(([name, params]) => {
        if (name !== 'requests') return;
        const news = params as NoticeParams<'requests'>;
        told.shown += news.requests.length;
        told.missed += news.missed;
      });
      slow.resume();
      await eventually(async () => {
        await clock.advance(50);
        expect(told.shown + told.missed).toBe(12 * 400);
      });
      expect(told.missed).toBeGreaterThan(0);
      expect(peer.closed).toBe(false);
      peer.close();
      await eventually(() => expect(requests.size).toBe(0));
    } finally {
      await scene.close();
    }
  });
});

const LONG: RequestEvent = {
  time: 0,
  method: 'GET',
  host: 'api.localhost',
  path: `/${'x'.repeat(1_000)}`,
  status: 200,
  bytes: 0,
  complete: true,
  duration: 0,
  held: 0,
};

describe('portramp traffic', () => {
  let machine: Machine;
  beforeEach(() => {
    machine = createMachine();
  });
  afterEach(() => machine.close());

  const CONTRACT = `
version: 1
workspace: shop
services:
  web: { command: ${node('server.js')} }
  api: { command: ${node('server.js')} }
`;

  it('prints requests as they come, in lines, as JSON, and as an archive at the end', async () => {
    const shop = machine.workspace('shop', CONTRACT);
    expect(await shop.run('traffic')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing is running') as string,
    });
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    expect(await shop.run('traffic', 'apo')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "api"') as string,
    });
    expect(await shop.run('traffic', '--har', 'no/such/folder.har')).toMatchObject({ code: 2 });

    const lines = shop.start('traffic');
    const json = shop.start('traffic', 'api', '--json', '--har', 'api.har');
    const all = shop.start('traffic', '--all');
    await Promise.all([lines, json, all].map((one) => one.prints(/showing requests/)));
    await machine.get('web.localhost', '/healthz?x=1');
    await machine.get('api.localhost', '/users');
    await machine.get('nobody.localhost', '/');
    await lines.prints(/ 200 {2}GET .* web .* web\.localhost\/healthz\?x=1/);
    await lines.prints(/ api .* api\.localhost\/users/);
    await all.prints(/ 404 {2}GET .* - .* nobody\.localhost\//);
    const [line = ''] = await json.prints(/^\{.*\}$/m);
    expect(JSON.parse(line)).toMatchObject({
      method: 'GET',
      host: 'api.localhost',
      path: '/users',
      status: 200,
      complete: true,
      stack: 'shop',
      service: 'api',
      port: 'http',
      target: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
    });
    expect(json.output).not.toContain('healthz');
    expect(lines.output).not.toContain('nobody');
    for (const { child } of [lines, json, all]) child.kill('SIGINT');
    expect(await Promise.all([lines.ended, json.ended, all.ended])).toEqual([0, 0, 0]);
    const har = JSON.parse(readFileSync(join(shop.root, 'api.har'), 'utf8')) as {
      log: { entries: object[] };
    };
    expect(har.log.entries).toMatchObject([
      { request: { url: 'http://api.localhost/users' }, response: { status: 200 }, _service: 'api' },
    ]);
  });

  it('ends by itself after the time', async () => {
    const shop = machine.workspace('shop', CONTRACT);
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    const { code, stderr } = await shop.run('traffic', '--har', 'none.har', '--for', '200ms');
    expect(code).toBe(0);
    expect(stderr).toContain('0 requests in ');
    expect(JSON.parse(readFileSync(join(shop.root, 'none.har'), 'utf8'))).toMatchObject({
      log: { version: '1.2', entries: [] },
    });
  });
});
