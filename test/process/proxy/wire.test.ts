/** What the wire engine keeps, for how long, and how much of it at once. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';

import { createWireEngine, type WireOptions } from '../../../src/proxy/engine/wire/wire.ts';
import { createManualClock } from '../../unit/manual-clock.ts';
import { createScene, exchangeRaw, portOf, type Scene } from './scene.ts';
import { GET, OK, openRaw, scriptedBackend } from './wire-raw.ts';

async function start(options: WireOptions = {}): Promise<Scene> {
  const scene = await createScene(
    createWireEngine({ ...options, timeouts: { rest: 0, witness: 0, ...options.timeouts } }),
  );
  onTestFinished(() => scene.close());
  return scene;
}

describe('a connection to a target', () => {
  it('is closed when it was not used for a while', async () => {
    const clock = createManualClock();
    const scene = await start({ clock });
    const sides = await scriptedBackend(scene, (socket) => socket.write(OK));
    await ask(scene);
    const closed = once(sides[0]!.socket, 'close');
    await clock.advance(3_000);
    await ask(scene);
    expect(sides).toHaveLength(1);
    await clock.advance(5_000);
    await closed;
    await ask(scene);
    expect(sides).toHaveLength(2);
  });

  it('is kept no longer than the target says', async () => {
    const clock = createManualClock();
    const scene = await start({ clock });
    const kept = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok';
    const short = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok';
    const sides = await scriptedBackend(scene, (socket, connection) =>
      socket.write(connection === 0 ? kept : short),
    );
    await ask(scene);
    await ask(scene);
    expect(sides).toHaveLength(1);
    const closed = once(sides[0]!.socket, 'close');
    await clock.advance(2_000);
    await closed;
    await ask(scene);
    await ask(scene);
    expect(sides).toHaveLength(3);
  });

  it('is the one that was used last', async () => {
    const scene = await start();
    const used: number[] = [];
    const held: (() => void)[] = [];
    await scriptedBackend(scene, (socket, connection, request) => {
      used.push(connection);
      if (request > 0) socket.write(OK);
      // The first two requests are answered together, the second one first.
      else if (held.push(() => socket.write(OK)) === 2) for (const answer of held.reverse()) answer();
    });
    await Promise.all([ask(scene), ask(scene)]);
    for (let round = 0; round < 3; round += 1) await ask(scene);
    expect(used.slice(2)).toEqual([used[2], used[2], used[2]]);
  });

  it('is not used again after a response that ends with it', async () => {
    const scene = await start();
    const sides = await scriptedBackend(scene, (socket) => {
      socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end');
    });
    expect(await exchangeRaw(scene.port, GET)).toMatch(/connection: close\r\n\r\nuntil the end$/i);
    expect(await exchangeRaw(scene.port, GET)).toMatch(/until the end$/);
    expect(sides).toHaveLength(2);
  });

  it('is not used again after a response that says so, whatever its length', async () => {
    const scene = await start();
    const sides = await scriptedBackend(scene, (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'),
    );
    await ask(scene);
    await ask(scene);
    expect(sides).toHaveLength(2);
  });

  it('that was not used before is not dialled again', async () => {
    const scene = await start();
    const sides = await scriptedBackend(scene, (socket) => socket.destroy());
    expect(await exchangeRaw(scene.port, GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))).toMatch(
      /^HTTP\/1\.1 502 /,
    );
    expect(sides).toHaveLength(1);
  });

  it('is dialled again once, for a request that does no harm twice', async () => {
    const scene = await start();
    const sides = await scriptedBackend(scene, (socket, connection, request) => {
      if (request === 0 && connection === 0) socket.write(OK);
      else socket.destroy();
    });
    await ask(scene);
    expect(await exchangeRaw(scene.port, GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))).toMatch(
      /^HTTP\/1\.1 502 /,
    );
    expect(sides).toHaveLength(2);
  });

  it('that was closed under a request that does no harm twice is replaced', async () => {
    const scene = await start();
    const sides = await scriptedBackend(scene, (socket, _, request) => {
      if (request === 0) socket.write(OK);
      else socket.destroy();
    });
    await ask(scene);
    await ask(scene);
    expect(sides.map(({ text }) => text.split('GET').length - 1)).toEqual([2, 1]);
  });

  it.each([
    ['garbage', 'é</html>\r\n', 200],
    ['a head that is none', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n', 200],
    ['garbage behind an interim response', 'HTTP/1.1 103 Early Hints\r\n\r\nrest of another\r\n\r\n', 502],
  ])('on which there was %s is replaced, and no other one is used twice', async (_, text, status) => {
    const scene = await start();
    const sides = await scriptedBackend(scene, (socket, connection, request) =>
      socket.write(connection === 0 && request === 1 ? text : OK),
    );
    await ask(scene);
    const answer = await exchangeRaw(scene.port, GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    expect(answer).toMatch(new RegExp(`HTTP/1\\.1 ${status} [^]*$`));
    if (status !== 200) return;
    await ask(scene);
    await ask(scene);
    expect(sides).toHaveLength(4);
  });

  it('is not dialled again when a byte of the response has come', async () => {
    const scene = await start();
    const sides = await scriptedBackend(scene, (socket, _, request) => {
      if (request === 0) socket.write(OK);
      else socket.end('H');
    });
    await ask(scene);
    expect(await exchangeRaw(scene.port, GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))).toMatch(
      /^HTTP\/1\.1 502 /,
    );
    expect(sides).toHaveLength(1);
  });

  it('waits in a queue when very many are wanted at once', async () => {
    const scene = await start();
    let open = 0;
    let most = 0;
    const backend = await scene.backend((_, res) => res.end('ok'));
    backend.on('connection', (socket) => {
      most = Math.max(most, (open += 1));
      socket.once('close', () => (open -= 1));
    });
    // As the front does: a shorter queue of the kernel's would reset some before they are accepted.
    const listener = createServer((socket) => scene.server.accept(socket));
    listener.listen({ port: 0, host: '127.0.0.1', backlog: 8_192 });
    await once(listener, 'listening');
    onTestFinished(() => void listener.close());
    const count = 5_000;
    const files = Number(execFileSync('sh', ['-c', 'ulimit -n']).toString());
    if (files < 3 * count) {
      console.log(`skipped: ${files} files may be open, ${3 * count} are needed`);
      return;
    }
    let answered = 0;
    await Promise.all(
      Array.from({ length: count }, async () => {
        const socket = connect({ port: portOf(listener), host: '127.0.0.1' });
        socket.write(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
        let text = '';
        for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString('latin1');
        if (text.startsWith('HTTP/1.1 200 ') && text.includes('ok')) answered += 1;
      }),
    );
    expect(answered).toBe(count);
    expect(most).toBeLessThan(count);
  });
});

describe('a connection from a client', () => {
  it('is closed without a word when it says nothing', async () => {
    const scene = await start({ timeouts: { idle: 300, linger: 300 } });
    const silent = await openRaw(scene.port);
    expect(await silent.closed).toEqual({ text: '', code: undefined });
  });

  it('is closed when it was not used for a while', async () => {
    const scene = await start({ timeouts: { idle: 300, linger: 300 } });
    await scriptedBackend(scene, (socket) => socket.write(OK));
    const client = await openRaw(scene.port);
    client.send(GET);
    expect((await client.closed).text).toMatch(/ok$/);
  });
});

describe('HTTP/1.0', () => {
  const ASK = 'GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n';

  it('gets no informational responses, no chunks and no trailers', async () => {
    const scene = await start();
    const chunks = '4;x=y\r\nin c\r\n5\r\nhunks\r\n0\r\nX-Sum: 1\r\n\r\n';
    await scriptedBackend(scene, (socket) =>
      socket.write(
        'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
          `HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
      ),
    );
    expect(await exchangeRaw(scene.port, ASK)).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nin chunks');
  });

  it('of a backend is told to the client as HTTP/1.1', async () => {
    const scene = await start();
    await scriptedBackend(scene, (socket) => socket.end('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    const client = await openRaw(scene.port);
    client.send(GET);
    expect(await client.until('ok')).toBe('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    client.socket.destroy();
  });
});

/** One request over a connection of its own. */
async function ask(scene: Scene): Promise<void> {
  const client = await openRaw(scene.port);
  client.send(GET);
  await client.until('ok');
  client.socket.destroy();
}
