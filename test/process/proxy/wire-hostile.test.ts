/** What the wire engine does with clients and targets that do not play fair. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Decision, Handler } from '../../../src/proxy/engine/engine.ts';
import type { Timeouts } from '../../../src/proxy/engine/wire/limits.ts';
import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';
import { createScene, exchangeRaw, forwardTo, type Scene } from './scene.ts';
import { GET, OK, openRaw, scriptedBackend, type BackendSide, type RawClient } from './wire-raw.ts';

let scene: Scene;
/** What becomes of all requests but those of the witness. */
let handler: Handler;
/** A connection that has nothing to do with the rest and must not notice it. */
let witness: RawClient;

async function start(timeouts: Partial<Timeouts> = {}): Promise<void> {
  scene = await createScene(
    createWireEngine({ timeouts: { linger: 500, rest: 0, witness: 0, ...timeouts } }),
  );
  handler = () => forwardTo(scene.target);
  scene.handler = (head, signal) => (head.path === '/witness' ? reply('witness') : handler(head, signal));
  witness = await openRaw(scene.port);
  await askWitness();
}

async function askWitness(): Promise<void> {
  const before = witness.text.length;
  witness.send('GET /witness HTTP/1.1\r\nHost: w\r\n\r\n');
  while (!witness.text.slice(before).endsWith('witness')) await once(witness.socket, 'data');
}

const reply = (body: string): Decision => ({ action: 'reply', reply: { status: 200, headers: {}, body } });

const isGone = async ({ socket }: BackendSide): Promise<void> => {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
};

afterEach(async () => {
  await askWitness();
  witness.socket.destroy();
  await scene.close();
});

describe('a client that', () => {
  beforeEach(async () => {
    await start({ head: 600, body: 600, stall: 600 });
  });

  it('sends its head byte by byte is told that it is late, and a hundred of them hold up nobody', async () => {
    await scriptedBackend(scene, (socket) => socket.write(OK));
    const slow = await Promise.all(Array.from({ length: 100 }, () => openRaw(scene.port)));
    const head = 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ';
    slow.forEach((client, index) => client.send(head.slice(0, index + 1)));
    const dripping = setInterval(
      () => slow.forEach((client) => client.socket.writable && client.send('G')),
      50,
    );
    const other = await openRaw(scene.port);
    other.send(GET);
    await other.until('ok');
    for (const { closed } of slow)
      expect((await closed).text).toMatch(/^HTTP\/1\.1 (408|400) [^]*connection: close/);
    clearInterval(dripping);
    other.socket.destroy();
  });

  it('sends a head of 10 MB gets 431', async () => {
    const client = await openRaw(scene.port);
    client.send(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(10 * 1024 * 1024)}`);
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 431 [^]*connection: close/);
    await client.closed;
    expect(scene.heads.filter(({ path }) => path === '/')).toEqual([]);
  });

  it('sends 10,000 header fields gets 431', async () => {
    const fields = Array.from({ length: 10_000 }, (_, index) => `X-${index}: 1\r\n`).join('');
    const answer = await exchangeRaw(scene.port, `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('stops in the middle of its body gets 408, and the backend an end that is none', async () => {
    const sides = await scriptedBackend(scene, () => undefined);
    const client = await openRaw(scene.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
    const { text } = await client.closed;
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(sides[0]?.text).toMatch(/\r\n\r\nhalf$/);
    await isGone(sides[0]!);
  });

  it.each([
    ['a malformed size', '4\r\nhalf\r\nx\r\n'],
    ['a trailer that frames', '4\r\nhalf\r\n0\r\nContent-Length: 3\r\n\r\n'],
    ['a folded trailer', '4\r\nhalf\r\n0\r\nX: 1\r\n 2\r\n\r\n'],
  ])('sends %s later in its body: the request never becomes whole', async (_, body) => {
    const sides = await scriptedBackend(scene, () => undefined);
    const client = await openRaw(scene.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    while (sides[0]?.text.includes('\r\n\r\n') !== true) await new Promise(setImmediate);
    client.send(body);
    expect((await client.closed).text).toMatch(/^HTTP\/1\.1 400 /);
    await isGone(sides[0]);
    expect(sides[0]?.text).not.toMatch(/0\r\n[^]*\r\n\r\n$/);
  });

  it('sends a malformed size with its head: nothing is forwarded', async () => {
    const sides = await scriptedBackend(scene, () => undefined);
    const text = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nx';
    expect(await exchangeRaw(scene.port, text)).toMatch(/^HTTP\/1\.1 400 /);
    expect(sides).toEqual([]);
  });

  it('does not read holds up its backend and then loses the connection', async () => {
    let sent = 0;
    const sides = await scriptedBackend(scene, (socket) => {
      const block = Buffer.alloc(64 * 1024);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${10_000 * block.length}\r\n\r\n`);
      const pour = (): void => {
        while (!socket.destroyed && socket.write(block)) sent += block.length;
      };
      socket.on('drain', pour);
      pour();
    });
    const client = await openRaw(scene.port);
    client.socket.pause();
    client.send(GET);
    while (sides[0] === undefined) await new Promise(setImmediate);
    await isGone(sides[0]);
    // What the buffers of four sockets take.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    client.socket.destroy();
  });

  it('asks ten thousand times without reading an answer is not served on and on', async () => {
    let asked = 0;
    handler = () => {
      asked += 1;
      return reply('x'.repeat(10_000));
    };
    const client = await openRaw(scene.port);
    client.socket.pause();
    client.send(GET.repeat(10_000));
    while (scene.server.connections > 1) await askWitness();
    expect(asked).toBeLessThan(2_000);
    client.socket.destroy();
  });
});

describe('a client that asks much at once', () => {
  beforeEach(async () => {
    await start();
  });

  it('is answered, request by request, however many there are', async () => {
    const count = 20_000;
    const client = await openRaw(scene.port);
    let received = 0;
    client.socket.removeAllListeners('data').on('data', (chunk: Buffer) => (received += chunk.length));
    const empty = { status: 204, headers: { date: 'x' }, body: '' };
    handler = () => ({ action: 'reply', reply: empty });
    client.send(`${GET.repeat(count - 1)}GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    await client.closed;
    const one = 'HTTP/1.1 204 No Content\r\ndate: x\r\n\r\n'.length;
    expect(received).toBe(count * one + 'connection: close\r\n'.length);
  });
});

describe('a target that', () => {
  beforeEach(async () => {
    await start({ answer: 600, halfClosed: 600 });
  });

  it('never answers: the reply of the handler, in time', async () => {
    const sides = await scriptedBackend(scene, () => undefined);
    const client = await openRaw(scene.port);
    client.send(GET);
    expect(await client.until('unreachable')).toMatch(/^HTTP\/1\.1 502 [^]*no response within 0\.6 s$/);
    await isGone(sides[0]!);
    client.socket.destroy();
  });

  it('sends a second response: nobody gets it, and the connection is not used again', async () => {
    const sides = await scriptedBackend(scene, (socket, connection) => {
      socket.write(connection === 0 ? `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil` : OK);
    });
    const client = await openRaw(scene.port);
    client.send(GET);
    expect(await client.until('ok')).not.toContain('evil');
    client.send(GET);
    while (client.text.split('ok').length < 3) await once(client.socket, 'data');
    expect(client.text).not.toContain('evil');
    expect(sides.length).toBe(2);
    client.socket.destroy();
  });

  it('sends a second response later: the same', async () => {
    const sides = await scriptedBackend(scene, (socket) => socket.write(OK));
    const client = await openRaw(scene.port);
    client.send(GET);
    await client.until('ok');
    const closed = once(sides[0]!.socket, 'close');
    sides[0]!.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    await closed;
    client.send(GET);
    while (client.text.split('ok').length < 3) await once(client.socket, 'data');
    expect(client.text).not.toContain('evil');
    expect(sides.length).toBe(2);
    client.socket.destroy();
  });

  it('answers before it has the body is not asked again on that connection, nor is the client', async () => {
    const sides = await scriptedBackend(scene, (socket) => socket.write(OK));
    const client = await openRaw(scene.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
    expect((await client.closed).text).toMatch(/^HTTP\/1\.1 200 OK[^]*ok$/);
    await isGone(sides[0]!);
  });

  it.each([
    ['with a length', 'Content-Length: 10\r\n\r\nhalf'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    ['without a length', '\r\nhalf'],
  ])('resets in the middle of a response %s: the client sees that it is not whole', async (_, rest) => {
    const sides = await scriptedBackend(scene, (socket) => socket.write(`HTTP/1.1 200 OK\r\n${rest}`));
    const client = await openRaw(scene.port);
    client.send(GET);
    await client.until('half');
    sides[0]!.socket.resetAndDestroy();
    const { text, code } = await client.closed;
    expect(text).toMatch(/half(\r\n)?$/);
    if (rest === '\r\nhalf') expect(code).toBe('ECONNRESET');
  });

  it('breaks the coding in the middle of a response: the client sees that it is not whole', async () => {
    const sides = await scriptedBackend(scene, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
    });
    const client = await openRaw(scene.port);
    client.send(GET);
    await client.until('half');
    sides[0]!.socket.write('zz\r\n0\r\n\r\n');
    expect((await client.closed).text).toMatch(/4\r\nhalf\r\n$/);
  });

  it.each([
    ['a head of 300 KiB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(300 * 1024)}\r\n\r\n`],
    ['3,000 header fields', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(3_000)}\r\n`],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
    ['HTTP/1.0 with chunks', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['broken chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n'],
    ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc'],
  ])('answers with %s: the reply of the handler', async (_, answer) => {
    await scriptedBackend(scene, (socket) => socket.write(answer));
    const client = await openRaw(scene.port);
    client.send(GET);
    expect(await client.until('unreachable')).toMatch(/^HTTP\/1\.1 502 [^]*the response cannot be used: /);
    client.socket.destroy();
  });

  it('sends informational responses only is not listened to for ever', async () => {
    await scriptedBackend(scene, (socket) => {
      const hint = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'), 50);
      socket.once('close', () => clearInterval(hint));
    });
    const client = await openRaw(scene.port);
    client.send(GET);
    await client.until('103 Early Hints');
    expect(await client.until('unreachable')).toMatch(/HTTP\/1\.1 502 /);
    client.socket.destroy();
  });
});

describe('an upload that nobody takes', () => {
  it.each(['a target that does not read', 'a decision that is not made'])(
    'is not held in memory: %s',
    async (whose) => {
      await start({ stall: 600, linger: 60_000 });
      await scene.rawBackend((socket) => socket.pause());
      let decide: (decision: Decision) => void = () => undefined;
      if (whose.startsWith('a decision')) handler = () => new Promise((resolve) => (decide = resolve));
      const client = await openRaw(scene.port);
      const block = Buffer.alloc(64 * 1024);
      const blocks = 2_000;
      client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${blocks * block.length}\r\n\r\n`);
      let sent = 0;
      let before = -1;
      for (let index = 0; index < blocks; index += 1) {
        client.socket.write(block, (error) => (sent += error ? 0 : block.length));
      }
      // Until no more is taken for a while.
      while (sent > before) {
        before = sent;
        for (let round = 0; round < 20; round += 1) await askWitness();
      }
      // What the buffers of four sockets take.
      expect(sent).toBeLessThan(48 * 1024 * 1024);
      client.socket.destroy();
      decide(reply('too late'));
    },
  );
});

describe('half a connection', () => {
  beforeEach(async () => {
    await start({ halfClosed: 600 });
  });

  it('is enough for a response in flight', async () => {
    let answer = (): void => undefined;
    await scriptedBackend(scene, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirs');
      answer = () => socket.write('t');
    });
    const client = await openRaw(scene.port);
    client.socket.end(GET);
    await client.until('firs');
    answer();
    expect((await client.closed).text).toMatch(/\r\n\r\nfirst$/);
  });

  it('is enough for pipelined requests that came before', async () => {
    await scriptedBackend(scene, (socket) => setImmediate(() => socket.write(OK)));
    const client = await openRaw(scene.port);
    client.socket.end(GET.repeat(3));
    expect((await client.closed).text.split('ok')).toHaveLength(4);
  });

  it('is not kept for a stream that says nothing', async () => {
    const sides = await scriptedBackend(scene, (socket) =>
      socket.write('HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n'),
    );
    const client = await openRaw(scene.port);
    client.send(GET);
    await client.until('data: 1');
    const closed = once(sides[0]!.socket, 'close');
    client.socket.end();
    await closed;
  });

  it('of a tunnel is passed on, and the other half stays for a while', async () => {
    await scene.rawBackend((socket) => {
      socket.allowHalfOpen = true;
      socket.once('data', () => {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello',
        );
        socket.on('end', () => socket.end('goodbye'));
      });
    });
    const client = await openRaw(scene.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await client.until('hello');
    client.socket.end();
    expect((await client.closed).text).toMatch(/hellogoodbye$/);
  });

  it('of a request that is held does not end the wait before the client has left', async () => {
    let onSignal: (signal: AbortSignal) => void;
    const signalled = new Promise<AbortSignal>((resolve) => (onSignal = resolve));
    handler = (_, signal) => {
      onSignal(signal);
      return once(signal, 'abort').then(() => forwardTo(scene.target));
    };
    const socket = connect({ port: scene.port, allowHalfOpen: true });
    socket.end(GET);
    const signal = await signalled;
    expect(signal.aborted).toBe(false);
    socket.destroy();
    if (!signal.aborted) await once(signal, 'abort');
  });
});
