/** What every engine does about backends: their connections, their failures, their addresses. */
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { engines } from './engines.ts';
import { ask, closeHttp, createScene, echo, exchangeRaw, portOf, readAll, type Scene } from './scene.ts';

describe.each(engines)('engine $name, backends', ({ create }) => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await createScene(create());
  });
  afterEach(async () => {
    await scene.close();
  });

  describe('keeps connections', () => {
    it('of a client', async () => {
      await scene.backend(echo);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let round = 0; round < 3; round += 1) {
        const outgoing = request({ port: scene.port, agent }).end();
        const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
        await readAll(response);
        expect(outgoing.reusedSocket).toBe(round > 0);
      }
      expect(scene.server.connections).toBe(1);
      agent.destroy();
    });

    it('answers pipelined requests in order', async () => {
      await scene.backend((req, res) => {
        if (req.url === '/1') setImmediate(() => res.end('first'));
        else res.end('second');
      });
      const head = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
      const answer = await exchangeRaw(scene.port, head('/1') + head('/2', 'Connection: close\r\n'));
      expect(answer.indexOf('first')).toBeGreaterThan(0);
      expect(answer.indexOf('second')).toBeGreaterThan(answer.indexOf('first'));
    });

    /** A backend that answers once on each connection and drops it when it is asked again. */
    async function forgetful(): Promise<string[]> {
      const seen: string[] = [];
      await scene.rawBackend((socket) => {
        let asked = 0;
        socket.on('data', (chunk) => {
          asked += 1;
          seen.push(chunk.toString().split(' ', 1)[0] ?? '');
          if (asked > 1) socket.destroy();
          else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        });
      });
      await ask(scene.port);
      return seen;
    }

    it('does not send a POST twice', async () => {
      const seen: string[] = [];
      await scene.rawBackend((socket) => {
        socket.on('data', (chunk) => {
          const [method = ''] = chunk.toString().split(' ', 1);
          if (/^[A-Z]+$/.test(method)) seen.push(method);
          if (method !== 'GET') socket.destroy();
          else socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok');
        });
      });
      await ask(scene.port);
      expect(await ask(scene.port, { method: 'POST', body: 'x' })).toMatchObject({ status: 502 });
      expect(seen).toEqual(['GET', 'POST']);
    });

    it('asks with a POST over a connection that nobody has used where it is not known that it is kept', async () => {
      const seen = await forgetful();
      expect(await ask(scene.port, { method: 'POST', body: 'x' })).toMatchObject({ status: 200 });
      expect(seen).toEqual(['GET', 'POST']);
    });
  });

  describe('a backend that', () => {
    it('does not listen gets the reply of the handler', async () => {
      const backend = await scene.backend(echo);
      await closeHttp(backend);
      const { status, body, response } = await ask(scene.port, { method: 'POST', body: 'x' });
      expect(status).toBe(502);
      expect(body).toMatch(/ECONNREFUSED/);
      expect(response.headers['x-own']).toBe('yes');
    });

    it.each(['GET', 'POST'])('is asked about for a while gets what is found out then: %s', async (method) => {
      await scene.rawBackend((socket) => socket.once('data', () => socket.destroy()));
      let ends = 0;
      let findOut: (body: string) => void = () => undefined;
      const asked = new Promise<void>((resolve) => {
        scene.handler = () => ({
          action: 'forward',
          target: scene.target,
          headers: {},
          onEnd: () => (ends += 1),
          onUnreachable: () => {
            resolve();
            return new Promise((tell) => {
              findOut = (body) => tell({ status: 502, headers: { 'content-type': 'text/plain' }, body });
            });
          },
        });
      });
      const answer = ask(scene.port, { method });
      await asked;
      findOut('it speaks TLS');
      expect(await answer).toMatchObject({ status: 502, body: 'it speaks TLS' });
      expect(ends).toBe(1);
      // A client that does not wait for it is told nothing, and nobody else is told more.
      const socket = connect({ port: scene.port }).on('error', () => undefined);
      socket.write(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`);
      await eventually(() => expect(scene.heads).toHaveLength(2));
      socket.destroy();
      await eventually(() => expect([scene.server.connections, ends]).toEqual([0, 2]));
      findOut('too late');
    });

    it('breaks off before the head gets the reply of the handler', async () => {
      await scene.rawBackend((socket) => socket.once('data', () => socket.destroy()));
      expect(await ask(scene.port)).toMatchObject({ status: 502 });
    });

    it('sends no HTTP gets the reply of the handler', async () => {
      await scene.rawBackend((socket) => socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')));
      expect(await ask(scene.port)).toMatchObject({ status: 502 });
    });

    it('sends 101 to a plain request gets the reply of the handler', async () => {
      await scene.rawBackend((socket) =>
        socket.once('data', () =>
          socket.write('HTTP/1.1 101 Sure\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
        ),
      );
      expect(await ask(scene.port)).toMatchObject({ status: 502 });
    });

    it.each([
      ['with a length', 'Content-Length: 10'],
      ['in chunks', 'Transfer-Encoding: chunked'],
    ])('breaks off in a body %s truncates it honestly', async (_, framing) => {
      await scene.rawBackend((socket) =>
        socket.once('data', () => {
          const part = framing.startsWith('T') ? '4\r\npart\r\n' : 'part';
          socket.end(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${part}`);
        }),
      );
      const outgoing = request({ port: scene.port, agent: false }).end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      let received = '';
      response.on('data', (chunk: Buffer) => {
        received += chunk.toString();
      });
      const [error] = (await once(response, 'error')) as [Error];
      expect(error.message).toBe('aborted');
      expect(received).toBe('part');
    });

    it.each([
      ['', 'HTTP/1.0 200 OK\r\n\r\n'],
      [', and says that it is not coded,', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n'],
    ])('ends its body by closing%s is whole', async (_, head) => {
      await scene.rawBackend((socket) => socket.once('data', () => socket.end(`${head}all of it`)));
      const { status, body, response } = await ask(scene.port);
      expect({ status, body }).toEqual({ status: 200, body: 'all of it' });
      expect(response.headers['transfer-encoding'] ?? 'chunked').toBe('chunked');
    });

    it('answers before it has the whole request is heard', async () => {
      await scene.backend((_, res) => {
        res.writeHead(413);
        res.end('too large');
      });
      const outgoing = request({ port: scene.port, method: 'POST', agent: false });
      outgoing.on('error', () => undefined);
      outgoing.write(Buffer.alloc(8 * 1024 * 1024));
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      expect(response.statusCode).toBe(413);
      expect((await readAll(response)).toString()).toBe('too large');
      outgoing.destroy();
    });

    it.each(['localhost', '127.0.0.1', '::1'])(
      'listens on ::1 only is found by the host %s',
      async (host) => {
        const backend = await scene.backend(echo, '::1');
        scene.target = { protocol: 'http', host, port: portOf(backend) };
        expect(await ask(scene.port)).toMatchObject({ status: 200 });
      },
    );

    it('comes back on the other family is found again', async () => {
      const first = await scene.backend((_, res) => res.end('six'), '::1');
      const port = portOf(first);
      expect(await ask(scene.port)).toMatchObject({ body: 'six' });
      await closeHttp(first);
      await scene.backend((_, res) => res.end('four'), '127.0.0.1', port);
      expect(await ask(scene.port)).toMatchObject({ body: 'four' });
    });
  });
});
