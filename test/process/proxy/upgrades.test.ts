/** Upgrades other than WebSocket: Docker's `tcp`, and whatever a service agrees to. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createHttpProxyEngine } from '../../../src/proxy/engine/http-proxy/http-proxy.ts';
import { createWireEngine } from '../../../src/proxy/engine/wire/wire.ts';
import { engines } from './engines.ts';
import { createScene, type Scene } from './scene.ts';
import { openRaw, scriptedBackend } from './wire-raw.ts';

let scene: Scene;

afterEach(() => scene.close());

const ATTACH =
  'POST /exec HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}';

const switching = (protocol: string): string =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;

describe('wire', () => {
  beforeEach(async () => {
    scene = await createScene(createWireEngine());
  });

  it('goes on with what the service agrees to, behind a body and what was sent too early', async () => {
    const sides = await scriptedBackend(scene, (socket) => {
      socket.removeAllListeners('data');
      socket.write(switching('tcp') + 'hello ');
      socket.pipe(socket);
    });
    const client = await openRaw(scene.port);
    client.send(`${ATTACH}early `);
    await client.until('hello early ');
    client.send('late');
    expect(await client.until('late')).toMatch(/^HTTP\/1.1 101 .*\r\nUpgrade: tcp\r\n\r\nhello early late$/s);
    expect(sides[0]?.text).toMatch(/\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n\{\}$/);
    client.socket.end();
    await client.closed;
  });

  it('is a request like any other where the service does not, and what was sent behind it is none', async () => {
    const sides = await scriptedBackend(scene, (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain'),
    );
    const client = await openRaw(scene.port);
    client.send(`${ATTACH}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect((await client.closed).text).toMatch(/^HTTP\/1.1 200 OK\r\n.*\r\n\r\nplain$/s);
    expect(sides.map(({ text }) => text).join()).not.toContain('smuggled');
  });

  it.each([
    ['another protocol than was offered', ATTACH, switching('h2c')],
    ['one that was not offered', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', switching('tcp')],
    ['before the whole request is there', ATTACH.replace('{}', '{'), switching('tcp')],
  ])('is refused where a service switches to %s', async (_, request, answer) => {
    await scriptedBackend(scene, (socket) => socket.write(answer));
    const client = await openRaw(scene.port);
    client.send(request);
    expect(await client.until('HTTP/1.1')).toMatch(/^HTTP\/1.1 502 /);
    client.socket.destroy();
  });

  it('ends at once when its time is over: it has no close frames', async () => {
    await scriptedBackend(scene, (socket) => socket.write(`${switching('tcp')}hello`));
    const over = new AbortController();
    const { handler } = scene;
    scene.handler = async (head, signal) => {
      const decision = await handler(head, signal);
      return decision.action === 'forward' ? { ...decision, until: over.signal } : decision;
    };
    const client = await openRaw(scene.port);
    client.send(ATTACH);
    await client.until('hello');
    over.abort();
    expect((await client.closed).text).toMatch(/hello$/);
  });

  it('goes on with one of several that the client offers', async () => {
    const sides = await scriptedBackend(scene, (socket) => socket.write(`${switching('bar/2')}hello`));
    const client = await openRaw(scene.port);
    client.send(ATTACH.replace('Upgrade: tcp', 'Upgrade: foo, h2c, bar/2'));
    expect(await client.until('hello')).toMatch(/^HTTP\/1.1 101 .*\r\nUpgrade: bar\/2\r\n\r\nhello$/s);
    expect(sides[0]?.text).toContain('\r\nUpgrade: foo, bar/2\r\n');
    client.socket.destroy();
  });

  it('to HTTP itself is forwarded without the offer', async () => {
    const sides = await scriptedBackend(scene, (socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'));
    const client = await openRaw(scene.port);
    client.send(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n',
    );
    await client.until('204');
    expect(sides[0]?.text).not.toMatch(/upgrade|h2c|settings/i);
    client.socket.destroy();
  });
});

it.each(engines)('that a service requires is passed on: $name', async ({ create }) => {
  scene = await createScene(create());
  await scriptedBackend(scene, (socket) =>
    socket.write(
      'HTTP/1.1 426 Upgrade Required\r\nConnection: upgrade\r\nUpgrade: foo/2, bar\r\nContent-Length: 2\r\n\r\nno',
    ),
  );
  const client = await openRaw(scene.port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const answer = await client.until('\r\n\r\nno');
  expect(answer).toMatch(/^HTTP\/1.1 426 .*\r\nupgrade: foo\/2, bar\r\n/is);
  expect(answer).toMatch(/\r\nconnection: upgrade\r\n/i);
  client.socket.destroy();
});

it.each(engines)('that a service only offers is not passed on: $name', async ({ create }) => {
  scene = await createScene(create());
  await scriptedBackend(scene, (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok'),
  );
  const client = await openRaw(scene.port);
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  expect(await client.until('\r\n\r\nok')).not.toMatch(/upgrade/i);
  client.socket.destroy();
});

it('to another protocol is refused with words by the engine that cannot', async () => {
  scene = await createScene(createHttpProxyEngine());
  await scriptedBackend(scene, () => undefined);
  const client = await openRaw(scene.port);
  client.send(ATTACH);
  expect((await client.closed).text).toMatch(/^HTTP\/1.1 501 .*no upgrade to tcp: unset PORTRAMP_ENGINE/s);
});
