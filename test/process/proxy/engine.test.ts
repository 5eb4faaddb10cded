/** What every engine does with requests and responses. */
import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { engines } from './engines.ts';
import {
  ask,
  createScene,
  deferred,
  echo,
  exchangeRaw,
  forwardTo,
  parse,
  readAll,
  type Scene,
} from './scene.ts';

describe.each(engines)('engine $name', ({ create }) => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await createScene(create());
  });
  afterEach(async () => {
    await scene.close();
  });

  describe('forwards', () => {
    it('method, path byte for byte, Host and end-to-end headers', async () => {
      await scene.backend(echo);
      const path = '/a//b/../%2e%2E/c;x=1?q=//y&http://z';
      const headers = {
        host: 'App.localhost:81',
        accept: 'text/x',
        cookie: 'a=1; b=2',
        'x-many': ['1', '2'],
      };
      const { body } = await ask(scene.port, { method: 'PATCH', path, headers, body: 'hello' });
      const seen = parse(body);
      expect(seen).toMatchObject({ method: 'PATCH', url: path, body: 'hello' });
      expect(seen.headers).toMatchObject({ host: 'App.localhost:81', accept: 'text/x', cookie: 'a=1; b=2' });
      expect(seen.headers['x-many']).toBe('1, 2');
      expect(scene.heads[0]).toMatchObject({
        method: 'PATCH',
        path,
        host: 'App.localhost:81',
        upgrade: false,
      });
    });

    it("sets, replaces and removes the handler's headers", async () => {
      await scene.backend(echo);
      scene.handler = () =>
        forwardTo(scene.target, { host: 'other.example', 'x-set': 'new', 'x-gone': undefined });
      const headers = { 'x-set': 'old', 'x-gone': 'here' };
      const seen = parse((await ask(scene.port, { headers })).body);
      expect(seen.headers).toMatchObject({ host: 'other.example', 'x-set': 'new' });
      expect(seen.headers).not.toHaveProperty('x-gone');
    });

    it('no hop-by-hop header, none that Connection names, no proxy credentials', async () => {
      await scene.backend(echo);
      const headers = {
        connection: 'close, X-Secret, host, content-length',
        'x-secret': '1',
        'keep-alive': 'timeout=9',
        'proxy-connection': 'keep-alive',
        'proxy-authorization': 'Basic eA==',
        te: 'trailers',
        'x-kept': '1',
      };
      const seen = parse((await ask(scene.port, { method: 'POST', headers, body: 'whole' })).body);
      expect(seen).toMatchObject({ method: 'POST', body: 'whole' });
      const names = ['x-secret', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'upgrade'];
      for (const name of names) expect(seen.headers).not.toHaveProperty(name);
      expect(seen.headers).toMatchObject({ host: 'app.localhost', 'x-kept': '1' });
    });

    it('response headers, several cookies and the reason, without the hop-by-hop ones', async () => {
      await scene.backend((_, res) => {
        const cookies = ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'];
        res.writeHead(299, 'Quite Fine', [
          ...cookies,
          'X-One',
          '1',
          'Connection',
          'close, x-hop',
          'X-Hop',
          '1',
        ]);
        res.end('body');
      });
      const { response, body } = await ask(scene.port);
      expect([response.statusCode, response.statusMessage, body]).toEqual([299, 'Quite Fine', 'body']);
      expect(response.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], 'x-one': '1' });
      expect(response.headers).not.toHaveProperty('x-hop');
    });

    it.each([
      ['DELETE', 'chunked'],
      ['OPTIONS', 'chunked'],
      ['GET', 'chunked'],
      ['DELETE', 'length'],
    ])('a %s with a body (%s) as one request over a kept connection', async (method, framing) => {
      const seen: string[] = [];
      await scene.backend((req, res) => {
        seen.push(`${req.method} ${req.url}`);
        echo(req, res);
      });
      const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
      const body =
        framing === 'chunked' ? `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n` : smuggled;
      const header =
        framing === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${String(smuggled.length)}`;
      const text =
        `${method} /one HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n${body}` +
        `GET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
      const answer = await exchangeRaw(scene.port, text);
      expect(seen).toEqual([`${method} /one`, 'GET /two']);
      expect(answer).toContain(JSON.stringify(smuggled));
    });

    // Some services let such a body lie and take it for the next request, unless none is to follow.
    it.each([
      ['DELETE', ''],
      ['OPTIONS', ''],
      ['GET', ''],
      ['DELETE', 'TE: trailers\r\n'],
    ])('a %s with a body as the last request of its connection %s', async (method, more) => {
      const received = deferred<string>();
      await scene.rawBackend((socket) => {
        socket.once('data', (piece) => {
          received.resolve(piece.toString('latin1'));
          socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        });
      });
      const head = `${method} / HTTP/1.1\r\nHost: a\r\n${more}Connection: TE, close\r\nTransfer-Encoding: chunked`;
      await exchangeRaw(scene.port, `${head}\r\n\r\n2\r\nhi\r\n0\r\n\r\n`);
      expect(await received.promise).toMatch(/^connection: (?:TE, )?close\r$/im);
    });

    it('trailers both ways', async () => {
      await scene.backend((req, res) => {
        res.setHeader('trailer', 'x-sum');
        void readAll(req).then(() => {
          res.write('data');
          res.addTrailers({ 'x-sum': `got ${req.trailers['x-check'] ?? 'nothing'}` });
          res.end();
        });
      });
      const outgoing = request({
        port: scene.port,
        method: 'POST',
        headers: { trailer: 'x-check' },
        agent: false,
      });
      outgoing.write('part');
      outgoing.addTrailers({ 'x-check': '42' });
      outgoing.end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      expect((await readAll(response)).toString()).toBe('data');
      expect(response.trailers).toEqual({ 'x-sum': 'got 42' });
    });

    it('a Trailer header in front of a body that can have none', async () => {
      await scene.backend((_, res) => {
        const socket = res.socket;
        socket?.end('HTTP/1.1 200 OK\r\nTrailer: x\r\nContent-Length: 2\r\n\r\nok');
      });
      const text =
        'PUT / HTTP/1.1\r\nHost: a\r\nTrailer: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc';
      const answer = await exchangeRaw(scene.port, text);
      expect(answer).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nok$/);
    });

    it('103 Early Hints', async () => {
      const link = '</style.css>; rel=preload; as=style';
      await scene.backend((_, res) => {
        res.writeEarlyHints({ link, 'x-hint': '1' });
        res.end('ok');
      });
      const outgoing = request({ port: scene.port, agent: false }).end();
      const hinted = once(outgoing, 'information');
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      const [hints] = (await hinted) as [object];
      expect(hints).toMatchObject({ statusCode: 103, headers: { link, 'x-hint': '1' } });
      expect((await readAll(response)).toString()).toBe('ok');
    });

    it.each([
      ['HEAD', 200, { 'content-length': '12' }],
      ['GET', 204, {}],
      ['GET', 304, { etag: '"x"', 'content-length': '12' }],
    ])('%s with %i, which has no body', async (method, status, headers) => {
      await scene.backend((_, res) => {
        res.writeHead(status, headers);
        res.end();
      });
      const { response, body } = await ask(scene.port, { method });
      expect([response.statusCode, body]).toEqual([status, '']);
      expect(response.headers).toMatchObject(headers);
    });
  });

  it("gives the handler's reply whole, and its headers alone to HEAD", async () => {
    const reply = {
      status: 503,
      headers: { 'content-type': 'text/plain', 'retry-after': '1' },
      body: 'später',
    };
    scene.handler = () => ({ action: 'reply', reply });
    const { response, body } = await ask(scene.port);
    expect([response.statusCode, body]).toEqual([503, 'später']);
    expect(response.headers).toMatchObject({ 'retry-after': '1', 'content-length': '7' });
    const head = await ask(scene.port, { method: 'HEAD' });
    expect([head.body, head.response.headers['content-length']]).toEqual(['', '7']);
  });

  it('survives a handler that throws', async () => {
    await scene.backend(echo);
    const handler = scene.handler;
    scene.handler = () => {
      throw new Error('a bug');
    };
    expect(await ask(scene.port)).toMatchObject({ status: 500 });
    scene.handler = handler;
    expect(await ask(scene.port)).toMatchObject({ status: 200 });
  });

  it('serves 500 requests at once', async () => {
    await scene.backend((req, res) => res.end(req.url));
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, index) => ask(scene.port, { path: `/${index}` })),
    );
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 500 }, (_, index) => `/${index}`));
  });

  describe('closes', () => {
    const until = (socket: Socket): Promise<unknown> => once(socket.resume(), 'close');

    it('idle connections at once and busy ones after their exchange', async () => {
      let answer: ServerResponse | undefined;
      const reached = deferred();
      await scene.backend((_, res) => {
        answer = res;
        reached.resolve();
      });
      const idle = connect({ port: scene.port });
      const busy = request({ port: scene.port, agent: new Agent({ keepAlive: true }) }).end();
      await reached.promise;
      const idleClosed = until(idle);
      const closed = scene.server.close(60_000);
      await idleClosed;
      answer?.end('whole');
      const [response] = (await once(busy, 'response')) as [IncomingMessage];
      expect((await readAll(response)).toString()).toBe('whole');
      await closed;
      expect(scene.server.connections).toBe(0);
    });

    it('everything at the deadline', async () => {
      const reached = deferred();
      await scene.backend(() => reached.resolve());
      const outgoing = request({ port: scene.port, agent: false }).end();
      const failed = once(outgoing, 'error');
      await reached.promise;
      await scene.server.close(10);
      await failed;
      expect(scene.server.connections).toBe(0);
    });
  });
});
