/** What balancing and hand-offs need of an engine: told once when an exchange is over, asked again where that is safe. */
import { once } from 'node:events';
import http from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';

import type { Decision, Forward, Handler } from '../../../src/proxy/engine/engine.ts';
import { request } from '../workspace.ts';
import { engines } from './engines.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

async function backend(handler: http.RequestListener): Promise<number> {
  const server = http.createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return portOf(server);
}

/** Nobody listens there. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return port;
}

describe.each(engines)('engine $name', ({ create }) => {
  async function serve(handler: Handler): Promise<number> {
    const engine = create().createServer(handler);
    const server = createServer({ allowHalfOpen: true }, (socket: Socket) => engine.accept(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(
      () => engine.close(0),
      () => server.close(),
    );
    return portOf(server);
  }

  const to = (port: number, more: Partial<Forward> = {}): Decision => ({
    action: 'forward',
    target: { protocol: 'http', host: '127.0.0.1', port },
    headers: {},
    onUnreachable: () => ({ status: 502, headers: {}, body: 'unreachable' }),
    ...more,
  });

  const post = (port: number, body: string) =>
    request(
      { host: '127.0.0.1', port, path: '/', method: 'POST', headers: { 'content-type': 'text/plain' } },
      body,
    );

  it('asks again for a request of which nothing was sent, with its body', async () => {
    const dead = await deadPort();
    const good = await backend((req, res) => void req.pipe(res));
    const ends: string[] = [];
    const port = await serve(() =>
      to(dead, {
        onEnd: () => ends.push('dead'),
        again: async () => to(good, { onEnd: () => ends.push('good') }),
      }),
    );
    const body = 'x'.repeat(100_000);
    expect(await post(port, body)).toMatchObject({ status: 200, body });
    await vi.waitFor(() => expect(ends).toEqual(['dead', 'good']));
  });

  it('asks again for a GET that got no answer, and not for a POST', async () => {
    const rude = await backend((req) => req.socket.destroy());
    const good = await backend((_req, res) => res.end('good'));
    let asked = 0;
    const port = await serve(() =>
      to(rude, {
        again: () => {
          asked += 1;
          return to(good);
        },
      }),
    );
    expect(await request({ host: '127.0.0.1', port, path: '/' })).toMatchObject({
      status: 200,
      body: 'good',
    });
    expect(asked).toBe(1);
    expect(await post(port, 'once')).toMatchObject({ status: 502 });
    expect(asked).toBe(1);
  });

  it('tells the end of every exchange once: of one that is answered, of one whose client left, of one that came late', async () => {
    let ends = 0;
    let release = (): void => undefined;
    const onEnd = (): void => void (ends += 1);
    const seen = new Set<string>();
    const slow = await backend((req, res) => {
      seen.add(req.url ?? '');
      if (req.url === '/') res.end('fine');
    });
    const port = await serve(async (head) => {
      seen.add(head.path);
      if (head.path === '/late') await new Promise<void>((resolve) => (release = resolve));
      return to(slow, { onEnd });
    });
    expect((await request({ host: '127.0.0.1', port, path: '/' })).body).toBe('fine');
    await vi.waitFor(() => expect(ends).toBe(1));
    for (const path of ['/never', '/late']) {
      const outgoing = http.get({ host: '127.0.0.1', port, path, agent: false });
      outgoing.on('error', () => undefined);
      await vi.waitFor(() => expect(seen).toContain(path));
      // `once` of node:events would reject at the error that comes before.
      const closed = new Promise((resolve) => outgoing.once('close', resolve));
      outgoing.destroy();
      await closed;
      release();
    }
    await vi.waitFor(() => expect(ends).toBe(3));
  });

  it('cuts what is under way when its time is over', async () => {
    const until = new AbortController();
    const endless = await backend((_req, res) => {
      res.write('first');
    });
    const port = await serve(() => to(endless, { until: until.signal }));
    const outgoing = http.get({ host: '127.0.0.1', port, path: '/', agent: false });
    const [response] = (await once(outgoing, 'response')) as [http.IncomingMessage];
    await once(response, 'data');
    const broken = new Promise((resolve) => response.once('close', resolve));
    response.on('error', () => undefined);
    until.abort();
    await broken;
    expect(response.complete).toBe(false);
  });
});
