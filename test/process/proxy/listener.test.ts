import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';

import { listen, type Listener } from '../../../src/proxy/listener.ts';
import { listenOn, portOf } from '../proxy/scene.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);
if (!hasIpv6) console.warn('skipped: this host has no ::1');

const open: (Listener | Server)[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) {
    if ('port' in one) await one.close();
    else if (one.listening) await once(one.close(), 'close');
  }
});

async function listenFor(port: number): Promise<Listener> {
  const listener = await listen(port, (socket) => socket.end(socket.localAddress ?? ''));
  open.push(listener);
  return listener;
}

async function hold(host: string, port = 0): Promise<number> {
  const server = createServer();
  open.push(server);
  await listenOn(server, host, port);
  return portOf(server);
}

async function dial(host: string, port: number): Promise<string> {
  const socket = connect({ host, port });
  let text = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString();
  return text;
}

describe.skipIf(!hasIpv6)('on both loopback families', () => {
  it('listens with one number', async () => {
    const { port } = await listenFor(0);
    expect([await dial('127.0.0.1', port), await dial('::1', port)]).toEqual(['127.0.0.1', '::1']);
  });

  it('refuses a number that is taken on ::1 alone, and leaves nothing behind', async () => {
    const port = await hold('::1');
    await expect(listenFor(port)).rejects.toMatchObject({ code: 'EADDRINUSE', address: '::1' });
    await hold('127.0.0.1', port);
  });

  it('takes the number again after a close', async () => {
    const first = await listenFor(0);
    await first.close();
    expect((await listenFor(first.port)).port).toBe(first.port);
  });
});

it('refuses a number that is taken', async () => {
  const port = await hold('127.0.0.1');
  await expect(listenFor(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

it('is not reached from outside', async () => {
  const { port } = await listenFor(0);
  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4');
  for (const { address } of outside) {
    await expect(dial(address, port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  }
});
