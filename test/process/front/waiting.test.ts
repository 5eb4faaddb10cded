/** What becomes of requests whose service is not there (yet). */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

import { eventually } from '../../eventually.ts';
import type { FrontLimits } from '../../../src/front/room.ts';
import type { RouteState } from '../../../src/front/table.ts';
import { createManualClock, type ManualClock } from '../../unit/manual-clock.ts';
import { closeHttp, listenOn, portOf } from '../proxy/scene.ts';
import { createScene, live, NAVIGATION, stackOf, type Scene } from './scene.ts';

let scene: Scene;
let clock: ManualClock;

async function start(limits: Partial<FrontLimits> = {}): Promise<void> {
  clock = createManualClock();
  scene = await createScene({ clock, limits });
}

afterEach(async () => {
  await scene.close();
  expect(clock.waiting).toBe(0);
});

const publish = (web: RouteState): void => scene.front.publish([stackOf('shop', { web })]);

/** A request that waits has a timer, and nothing else here has one. */
const held = async (count: number): Promise<void> => {
  await eventually(() => expect(clock.waiting).toBe(count));
};

describe('a service that is starting', () => {
  it('holds requests until it is live', async () => {
    await start();
    publish({ state: 'warming' });
    const answers = Array.from({ length: 20 }, () =>
      scene.ask('web.localhost', { method: 'POST', body: 'kept' }),
    );
    await held(20);
    const web = await scene.backend((req, res) => void req.pipe(res));
    publish(web);
    for (const answer of answers) expect(await answer).toMatchObject({ status: 200, body: 'kept' });
  });

  it('goes on holding when something else changes', async () => {
    await start();
    publish({ state: 'warming' });
    const answer = scene.ask('web.localhost');
    await held(1);
    publish({ state: 'warming' });
    await clock.advance(29_999);
    await held(1);
    publish(await scene.backend('here'));
    expect(await answer).toMatchObject({ body: 'here' });
  });

  it('tells those who wait that it failed', async () => {
    await start();
    publish({ state: 'warming' });
    const answer = scene.ask('web.localhost');
    await held(1);
    publish({ state: 'failed', failure: { message: 'exited with code 3', exitCode: 3, log: ['boom'] } });
    const { status, body, response } = await answer;
    expect(status).toBe(503);
    expect(response.headers['x-portramp']).toBe('service-failed');
    expect(JSON.parse(body)).toMatchObject({ error: 'SERVICE_FAILED', log: ['boom'] });
  });

  it('answers the truth when the time is over: JSON after 30 s', async () => {
    await start();
    publish({ state: 'warming' });
    const answer = scene.ask('web.localhost');
    await held(1);
    await clock.advance(30_000);
    const { status, body, response } = await answer;
    expect(status).toBe(503);
    expect(response.headers).toMatchObject({ 'retry-after': '1', 'content-type': 'application/json' });
    expect(JSON.parse(body)).toEqual({
      error: 'SERVICE_STARTING',
      message: 'The service web of shop is not ready yet.',
      hint: 'portramp logs --stack shop web -f',
    });
  });

  it('answers the truth when the time is over: a page that looks again, after 2 s', async () => {
    await start();
    publish({ state: 'warming' });
    const answer = scene.ask('web.shop.localhost', { headers: NAVIGATION });
    await held(1);
    await clock.advance(2_000);
    const { status, body, response } = await answer;
    expect(status).toBe(503);
    expect(response.headers).toMatchObject({
      'retry-after': '1',
      'content-type': 'text/html; charset=utf-8',
    });
    expect(body).toContain('<meta http-equiv="refresh" content="1">');
    expect(body).toContain('web is starting');
  });

  it('lets no more wait than the limit', async () => {
    await start({ waiting: 2 });
    publish({ state: 'warming' });
    const first = [scene.ask('web.localhost'), scene.ask('web.localhost')];
    await held(2);
    const { status, body, response } = await scene.ask('web.localhost');
    expect(status).toBe(503);
    expect(response.headers['retry-after']).toBe('2');
    expect(JSON.parse(body)).toMatchObject({ error: 'TOO_MANY_WAITING' });
    publish(await scene.backend('in'));
    for (const answer of first) expect(await answer).toMatchObject({ body: 'in' });
  });

  it('forgets those who leave', async () => {
    await start();
    let reached = 0;
    publish({ state: 'warming' });
    const outgoing = request({ port: scene.port, headers: { host: 'web.localhost' }, agent: false }).end();
    outgoing.on('error', () => undefined);
    await held(1);
    outgoing.destroy();
    await held(0);
    publish(
      await scene.backend((_, res) => {
        reached += 1;
        res.end();
      }),
    );
    await scene.ask('web.localhost');
    expect(reached).toBe(1);
  });

  it('holds WebSockets too', async () => {
    await start();
    publish({ state: 'warming' });
    const client = new WebSocket(`ws://127.0.0.1:${scene.port}/`, { headers: { host: 'web.localhost' } });
    const message = once(client, 'message');
    await held(1);
    const backend = createServer();
    new WebSocketServer({ server: backend }).on('connection', (socket) => socket.send('at last'));
    await listenOn(backend, '127.0.0.1', 0);
    publish(live(portOf(backend)));
    expect(String((await message)[0])).toBe('at last');
    client.terminate();
    await closeHttp(backend);
  });

  it('sends navigations of the short name on without waiting', async () => {
    await start();
    publish({ state: 'warming' });
    expect(await scene.ask('web.localhost', { headers: NAVIGATION })).toMatchObject({ status: 307 });
  });
});

describe('a service that is not up', () => {
  it('failed: what happened, its last lines, what to type', async () => {
    await start();
    const log = ['\u001B[31mError: <script>alert(1)</script>\u001B[0m', '    at main.js:1'];
    publish({ state: 'failed', failure: { message: 'exited', exitCode: 1, hint: 'fix main.js', log } });
    const { status, body } = await scene.ask('web.shop.localhost', { headers: NAVIGATION });
    expect(status).toBe(503);
    expect(body).toContain('web failed');
    expect(body).toContain('exited. Exit code 1.');
    expect(body).toContain('fix main.js');
    expect(body).toContain('Error: &lt;script&gt;alert(1)&lt;/script&gt;\n    at main.js:1');
    expect(body).not.toContain('<script>');
  });

  it('stopped: what to type', async () => {
    await start();
    publish({ state: 'stopped' });
    const { status, body } = await scene.ask('web.localhost');
    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({
      error: 'SERVICE_STOPPED',
      hint: 'portramp start --stack shop web',
    });
  });

  it('unreachable: 502 with the reason', async () => {
    await start();
    publish(await scene.backend((req) => req.socket.destroy()));
    const { status, body, response } = await scene.ask('web.localhost', { method: 'POST', body: 'x' });
    expect(status).toBe(502);
    expect(response.headers['x-portramp']).toBe('service-unreachable');
    expect(JSON.parse(body)).toMatchObject({
      error: 'SERVICE_UNREACHABLE',
      message: expect.stringMatching(
        /^No answer from the service web of shop at 127\.0\.0\.1:\d+: /,
      ) as string,
      hint: 'portramp logs --stack shop web',
    });
  });
});

describe('a service that starts itself anew', () => {
  const FAILURE = { message: 'nothing listens on port 1 (http) any more', log: ['rebuilding'] };
  const ask = async (): Promise<{ status: number; error: unknown; log: unknown; again: unknown }> => {
    const { status, body, response } = await scene.ask('web.localhost', { method: 'POST', body: 'kept' });
    const { error, log } = JSON.parse(body) as Record<string, unknown>;
    return { status, error, log, again: response.headers['retry-after'] };
  };

  it('has what its port refuses wait, and go on when the port is back, before anybody said a word', async () => {
    await start();
    const backend = await scene.backend((req, res) => void req.pipe(res));
    publish(live(1));
    const answer = scene.ask('web.localhost', { method: 'POST', body: 'kept' });
    for (let pause = 1; pause <= 12; pause += 1) {
      await held(1);
      await clock.advance(250);
    }
    await held(1);
    publish(backend);
    expect(await answer).toMatchObject({ status: 200, body: 'kept' });
  });

  it('has 10 s, then 503 and when to ask again', async () => {
    await start();
    publish(live(1));
    const answer = ask();
    for (let pause = 1; pause <= 40; pause += 1) {
      await held(1);
      await clock.advance(250);
    }
    expect(await answer).toEqual({ status: 503, error: 'SERVICE_SILENT', log: [], again: '1' });
  });

  it('has the 10 s from when its port went, and the last lines are told; who comes later is told at once', async () => {
    await start();
    publish(live(1));
    await clock.advance(60_000);
    publish({ state: 'warming', failure: FAILURE });
    const first = ask();
    await held(1);
    await clock.advance(9_000);
    const second = ask();
    await held(2);
    await clock.advance(1_000);
    const told = { status: 503, error: 'SERVICE_SILENT', log: ['rebuilding'], again: '1' };
    expect(await Promise.all([first, second, ask()])).toEqual([told, told, told]);
  });

  it('goes on when the port is back', async () => {
    await start();
    const backend = await scene.backend((req, res) => void req.pipe(res));
    publish(backend);
    publish({ state: 'warming', failure: FAILURE });
    const answer = scene.ask('web.localhost', { method: 'POST', body: 'kept' });
    await held(1);
    publish(backend);
    expect(await answer).toMatchObject({ status: 200, body: 'kept' });
  });

  it('is not waited for where it never listened, nor when its process has ended for good', async () => {
    await start();
    publish({ state: 'warming', failure: FAILURE });
    expect(await ask()).toMatchObject({ status: 503, error: 'SERVICE_SILENT' });
    publish(live(1));
    const answer = ask();
    await held(1);
    publish({ state: 'failed', failure: { message: 'exited with code 1', log: ['boom'] } });
    expect(await answer).toMatchObject({ status: 503, error: 'SERVICE_FAILED', log: ['boom'] });
    expect(await ask()).toMatchObject({ status: 503, error: 'SERVICE_FAILED' });
  });
});

describe('an instance that refuses connections', () => {
  const besides = (good: RouteState): RouteState => {
    if (good.state !== 'live') throw new Error('it is live');
    return { state: 'live', targets: [{ protocol: 'http', host: '127.0.0.1', port: 1 }, ...good.targets] };
  };

  it('is left out: its requests go to another one, with their bodies', async () => {
    await start();
    publish(besides(await scene.backend((req, res) => void req.pipe(res))));
    for (let round = 0; round < 6; round += 1) {
      const answer = await scene.ask('web.localhost', { method: 'POST', body: 'kept' });
      expect(answer).toMatchObject({ status: 200, body: 'kept' });
    }
  });

  it('has what waits for it released by the next one', async () => {
    await start();
    publish(live(1));
    const answer = scene.ask('web.localhost', { method: 'POST', body: 'kept' });
    await held(1);
    publish({ state: 'warming' });
    await held(1);
    publish(await scene.backend((req, res) => void req.pipe(res)));
    expect(await answer).toMatchObject({ status: 200, body: 'kept' });
  });

  it('does not get a request a second time that it may have acted on', async () => {
    await start();
    let asked = 0;
    publish(
      await scene.backend((req) => {
        asked += 1;
        req.socket.destroy();
      }),
    );
    expect((await scene.ask('web.localhost', { method: 'POST', body: 'once' })).status).toBe(502);
    expect(asked).toBe(1);
  });
});

describe('after a start', () => {
  it('holds requests for expected hosts until their stack is back', async () => {
    await start();
    scene.front.expect(new Set(['web.localhost']), 5_000);
    const answer = scene.ask('Web.localhost.');
    await held(2);
    publish(await scene.backend('back'));
    expect(await answer).toMatchObject({ status: 200, body: 'back' });
    expect(await scene.ask('api.localhost')).toMatchObject({ status: 404 });
    await clock.advance(5_000);
  });

  it('refuses them when the time is over', async () => {
    await start();
    scene.front.expect(new Set(['web.localhost']), 5_000);
    const answer = scene.ask('web.localhost');
    await held(2);
    await clock.advance(5_000);
    expect(await answer).toMatchObject({ status: 404 });
    expect(await scene.ask('web.localhost')).toMatchObject({ status: 404 });
  });

  it('gives a navigation a page that looks again', async () => {
    await start();
    scene.front.expect(new Set(['web.localhost']), 5_000);
    const answer = scene.ask('web.localhost', { headers: NAVIGATION });
    await held(2);
    await clock.advance(2_000);
    expect(await answer).toMatchObject({ status: 503 });
    expect((await answer).body).toContain('http-equiv="refresh"');
    await clock.advance(3_000);
  });
});

describe('at the end', () => {
  it('those who wait are told', async () => {
    await start();
    publish({ state: 'warming' });
    const answer = scene.ask('web.localhost');
    await held(1);
    const closed = scene.front.close(60_000);
    const { status, body } = await answer;
    expect(status).toBe(503);
    expect(JSON.parse(body)).toMatchObject({ error: 'CLOSING' });
    await closed;
  });

  it('exchanges under way may finish', async () => {
    await start();
    let finish = (): void => undefined;
    publish(
      await scene.backend((_, res) => {
        res.write('half');
        finish = () => res.end(' and half');
      }),
    );
    const outgoing = request({ port: scene.port, headers: { host: 'web.localhost' } }).end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    let body = '';
    response.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    const ended = once(response, 'end');
    const closed = scene.front.close(60_000);
    const [refused] = (await once(connect({ port: scene.port, host: '127.0.0.1' }), 'error')) as [
      NodeJS.ErrnoException,
    ];
    expect(refused.code).toBe('ECONNREFUSED');
    finish();
    await ended;
    await closed;
    expect(body).toBe('half and half');
  });
});
