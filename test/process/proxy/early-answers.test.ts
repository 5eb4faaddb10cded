/** Answers that come before the whole request was sent: each arrives, in every engine. */
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { Engine } from '../../../src/proxy/engine/engine.ts';
import { TIMEOUTS } from '../../../src/proxy/engine/wire/limits.ts';
import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';
import { createManualClock } from '../../unit/manual-clock.ts';
import { engines } from './engines.ts';
import { createScene, readAll, type Scene } from './scene.ts';
import { openRaw, scriptedBackend } from './wire-raw.ts';

async function start(engine: Engine): Promise<Scene> {
  const scene = await createScene(engine);
  onTestFinished(() => scene.close());
  return scene;
}

/** Larger than what the buffers of all sockets on the way hold. */
const UPLOAD = Buffer.alloc(24 * 1024 * 1024, 'u');
const HEAD = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${UPLOAD.length}\r\n\r\n`;

/** Sends everything before it reads anything, as simple clients do. */
async function uploadBlindly(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).pause();
  let code: string | undefined;
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code));
  socket.write(HEAD);
  await new Promise<void>((resolve) => socket.write(UPLOAD, () => resolve()));
  const text = code ?? (await readAll(socket)).toString('latin1');
  socket.destroy();
  return text;
}

/** How services end a request that they do not want to have. */
const ANSWERS: readonly (readonly [name: string, answer: (socket: Socket) => void])[] = [
  [
    'closes at once',
    (socket) => socket.end('HTTP/1.1 413 No\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlast'),
  ],
  [
    'says nothing of the close',
    (socket) => socket.end('HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nlast', () => socket.destroy()),
  ],
  [
    'answers in chunks',
    (socket) => {
      socket.write('HTTP/1.1 413 No\r\nTransfer-Encoding: chunked\r\n\r\n');
      socket.end('4\r\nlast\r\n0\r\n\r\n', () => socket.destroy());
    },
  ],
  [
    'answers until the end',
    (socket) => socket.end('HTTP/1.1 403 No\r\n\r\nlast', () => socket.destroySoon()),
  ],
  [
    'says 100 first',
    (socket) =>
      socket.end('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 No\r\nContent-Length: 4\r\n\r\nlast', () =>
        socket.destroy(),
      ),
  ],
];

describe.each(engines)('engine $name, a service that', ({ create }) => {
  it.each(ANSWERS)('%s while an upload goes on is heard', async (_, answer) => {
    const scene = await start(create());
    await scene.rawBackend((socket) => {
      // The rest lies unread in its buffer, so that its close is a reset.
      socket.once('data', () => answer(socket.pause()));
    });
    for (let round = 0; round < 5; round += 1) {
      const text = await uploadBlindly(scene.port);
      expect(text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')).toMatch(/^HTTP\/1\.1 4\d\d No\r\n/);
      expect(text).toMatch(/^connection: close\r$/im);
      expect(text).toContain('last');
    }
  });

  it('lets the upload lie and keeps the connection is heard, and not asked again on it', async () => {
    const scene = await start(create());
    let connections = 0;
    await scene.rawBackend((socket) => {
      connections += 1;
      socket.once('data', () => socket.pause().write('HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nlast'));
    });
    for (let round = 1; round < 4; round += 1) {
      expect(await uploadBlindly(scene.port)).toMatch(/^HTTP\/1\.1 401 No\r\n/);
      expect(connections).toBe(round);
    }
  });
});

describe('the wire engine', () => {
  it('waits for a silent upload longer than Node does', async () => {
    const clock = createManualClock();
    const scene = await start(createWireEngine({ clock }));
    const sides = await scriptedBackend(scene, () => undefined);
    const client = await openRaw(scene.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo');
    while (sides[0]?.text.endsWith('bo') !== true) await new Promise(setImmediate);
    await clock.advance(301_000);
    client.send('dy');
    while (!sides[0].text.endsWith('body')) await new Promise(setImmediate);
    sides[0].socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect(await client.until('ok')).toMatch(/^HTTP\/1\.1 200 /);
    client.socket.destroy();
    expect(TIMEOUTS.body).toBeGreaterThan(300_000);
  });
});
