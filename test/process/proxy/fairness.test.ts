/** Nobody starves the others: bounds for one exchange, and for one turn of the event loop. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';
import { engines } from './engines.ts';
import { createScene, type Scene } from './scene.ts';
import { GET, OK, openRaw } from './wire-raw.ts';

let scene: Scene;

afterEach(() => scene.close());

/** Turns of the event loop since it was called. */
function countTurns(): { readonly turns: () => number; readonly stop: () => void } {
  let turns = 0;
  let next = setImmediate(function count() {
    turns += 1;
    next = setImmediate(count);
  });
  return { turns: () => turns, stop: () => clearImmediate(next) };
}

const HINT = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';

describe.each(engines)('$name', ({ create }) => {
  beforeEach(async () => {
    scene = await createScene(create());
  });

  it('passes on the interim responses of a service that says now and then that it is at work', async () => {
    await scene.rawBackend((socket) => void socket.once('data', () => socket.write(HINT.repeat(200) + OK)));
    const client = await openRaw(scene.port);
    client.send(GET);
    expect((await client.until('ok')).split('103 ')).toHaveLength(201);
    client.socket.destroy();
  });

  it('gives up a service that goes on with them without end', async () => {
    await scene.rawBackend((socket) => {
      const flood = (): void => {
        while (!socket.destroyed && socket.write(HINT.repeat(100)));
      };
      socket.once('data', flood).on('drain', flood);
    });
    const client = await openRaw(scene.port);
    client.send(GET);
    expect((await client.until('HTTP/1.1 502')).split('103 ').length).toBeLessThan(300);
    client.socket.destroy();
  });
});

describe('wire', () => {
  beforeEach(async () => {
    scene = await createScene(createWireEngine());
  });

  it('lets others have their turn between the pipelined requests of one client', async () => {
    scene.handler = () => ({ action: 'reply', reply: { status: 200, headers: {}, body: 'ok' } });
    const client = await openRaw(scene.port);
    const { turns, stop } = countTurns();
    let first: number | undefined;
    let asked = 0;
    const { handler } = scene;
    scene.handler = (head, signal) => {
      first ??= turns();
      asked += 1;
      return handler(head, signal);
    };
    client.send(GET.repeat(2_000));
    while (asked < 2_000) await new Promise((resolve) => setImmediate(resolve));
    expect(turns() - (first ?? 0)).toBeGreaterThan(2_000 / 64);
    stop();
    client.socket.destroy();
  });

  it.each(['1.0', '1.1'])(
    'lets others have their turn between the tiny chunks of one service (HTTP/%s)',
    async (minor) => {
      const tiny = '1\r\na\r\n'.repeat(100_000);
      await scene.rawBackend((socket) => {
        socket.once('data', () =>
          socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${tiny}0\r\n\r\n`),
        );
      });
      const client = await openRaw(scene.port);
      client.send(`GET / HTTP/${minor}\r\nHost: a\r\nConnection: close\r\n\r\n`);
      const { text } = await client.closed;
      const body = text.slice(text.indexOf('\r\n\r\n') + 4);
      expect(body === (minor === '1.0' ? 'a'.repeat(100_000) : `${tiny}0\r\n\r\n`)).toBe(true);
    },
  );
});
