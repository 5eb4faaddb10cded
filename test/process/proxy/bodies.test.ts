/** How every engine moves bodies, and what it does when a client leaves. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { engines } from './engines.ts';
import { createScene, deferred, forwardTo, readAll, type Scene } from './scene.ts';

/** Around those of the buffers that bodies are read with. */
const SIZES = [16, 64, 256].flatMap((kib) => [-1, 0, 1].map((more) => kib * 1024 + more));

describe.each(engines)('engine $name, bodies', ({ create }) => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await createScene(create());
  });
  afterEach(async () => {
    await scene.close();
  });

  describe('streams', () => {
    it('100 MB up and down, byte for byte', async () => {
      const size = 100 * 1024 * 1024;
      const block = Buffer.from(Array.from({ length: 64 * 1024 }, (_, index) => (index * 7) % 251));
      const blocks = function* (): Generator<Buffer> {
        for (let sent = 0; sent < size; sent += block.length) yield block;
      };
      await scene.backend((req, res) => {
        void pipeline(req, res).catch(() => undefined);
      });
      const up = createHash('sha256');
      const down = createHash('sha256');
      let received = 0;
      const outgoing = request({ port: scene.port, method: 'POST', agent: false });
      const sent = pipeline(
        Readable.from(blocks()),
        async function* (source) {
          for await (const chunk of source) {
            up.update(chunk as Buffer);
            yield chunk;
          }
        },
        outgoing,
      );
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      for await (const chunk of response as AsyncIterable<Buffer>) {
        received += chunk.length;
        down.update(chunk);
      }
      await sent;
      expect(received).toBe(size);
      expect(down.digest('hex')).toBe(up.digest('hex'));
    });

    it('server-sent events one by one', async () => {
      let events: ServerResponse | undefined;
      await scene.backend((_, res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        events = res;
        res.write('data: 0\n\n');
      });
      const outgoing = request({ port: scene.port, agent: false }).end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      for (let index = 0; index < 5; index += 1) {
        // Each one is sent only when the one before has arrived.
        const [chunk] = (await once(response, 'data')) as [Buffer];
        expect(chunk.toString()).toBe(`data: ${index}\n\n`);
        events?.write(`data: ${index + 1}\n\n`);
      }
      outgoing.destroy();
    });

    it('a response that begins before the request has ended', async () => {
      await scene.backend((req, res) => {
        res.write('begun;');
        req.on('data', (chunk: Buffer) => res.write(chunk)).on('end', () => res.end());
      });
      const outgoing = request({ port: scene.port, method: 'POST', agent: false });
      outgoing.flushHeaders();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      const body = readAll(response);
      outgoing.end('late');
      expect((await body).toString()).toBe('begun;late');
    });

    it('of many connections at once, none with bytes of another', async () => {
      await scene.backend((req, res) => {
        // Every other one is slow to read what it sends back.
        if (req.url === '/slow') setImmediate(() => req.pipe(res));
        else req.pipe(res);
      });
      // Every other request is decided later: what comes meanwhile is held.
      scene.handler = (head) =>
        head.method === 'PUT' ? Promise.resolve(forwardTo(scene.target)) : forwardTo(scene.target);
      const agent = new Agent({ keepAlive: true, maxSockets: 16 });
      const echo = async (index: number): Promise<void> => {
        const body = Buffer.alloc(SIZES[index % SIZES.length] as number, `${index}.`);
        const options = { method: index % 2 === 0 ? 'PUT' : 'POST', path: index % 3 === 0 ? '/slow' : '/' };
        const outgoing = request({ port: scene.port, agent, ...options });
        const response = once(outgoing, 'response') as Promise<[IncomingMessage]>;
        // Sent in pieces of all sizes, the first of them with the head.
        for (let at = 0, size = 1 + index; at < body.length; at += size, size = (size * 7) % 40_009) {
          outgoing.write(body.subarray(at, at + size));
        }
        outgoing.end();
        expect((await readAll((await response)[0])).equals(body)).toBe(true);
      };
      await Promise.all(Array.from({ length: 200 }, (_, index) => echo(index)));
      agent.destroy();
    });
  });

  describe('an aborted client', () => {
    it.each(['while it waits for the head', 'in the middle of a stream'])(
      '%s ends the backend request',
      async (when) => {
        const reached = deferred<ServerResponse>();
        await scene.backend((_, res) => {
          if (when.startsWith('in')) res.write('first');
          reached.resolve(res);
        });
        const outgoing = request({ port: scene.port, agent: false }).end();
        outgoing.on('error', () => undefined);
        const closed = once(await reached.promise, 'close');
        if (when.startsWith('in')) await once(outgoing, 'response');
        outgoing.destroy();
        await closed;
      },
    );

    it('in the middle of an upload ends the backend request', async () => {
      const reached = deferred<IncomingMessage>();
      await scene.backend((req) => {
        req.once('data', () => reached.resolve(req)).on('error', () => undefined);
      });
      const outgoing = request({ port: scene.port, method: 'POST', agent: false });
      outgoing.on('error', () => undefined);
      outgoing.write('part');
      const incoming = await reached.promise;
      const closed = new Promise((resolve) => incoming.once('close', resolve));
      outgoing.destroy();
      await closed;
      expect(incoming.complete).toBe(false);
    });

    it.each(['request', 'upgrade'])('that is held (%s) is told to the handler', async (kind) => {
      const held = deferred<AbortSignal>();
      let backendRequests = 0;
      await scene.backend(() => {
        backendRequests += 1;
      });
      const handled = deferred();
      scene.handler = async (_, signal) => {
        held.resolve(signal);
        if (!signal.aborted) await once(signal, 'abort');
        handled.resolve();
        return forwardTo(scene.target);
      };
      const socket = connect({ port: scene.port });
      const more = kind === 'upgrade' ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : '';
      socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${more}\r\n`);
      await held.promise;
      socket.destroy();
      await handled.promise;
      expect(backendRequests).toBe(0);
    });
  });
});
