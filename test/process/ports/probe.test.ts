import { once } from 'node:events';
import { createConnection, createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';

import { holdersOf } from '../../../src/ports/holders.ts';
import { isPortFree } from '../../../src/ports/probe.ts';

const servers: Server[] = [];

async function listen(host: string, port = 0): Promise<number> {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  servers.push(server);
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});

const addresses = new Set(
  Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    // A link-local address needs its zone to be bound.
    .filter(({ address }) => !address.startsWith('fe80'))
    .map(({ address }) => address),
);
const hosts = ['0.0.0.0', '::', ...addresses, ...(process.platform === 'linux' ? ['127.0.0.2'] : [])];

describe('a port', () => {
  it.each(hosts)('that somebody holds on %s is not free', async (host) => {
    const port = await listen(host);
    expect(await isPortFree(port)).toBe(false);
    const [holder] = await holdersOf(port);
    if (process.platform === 'linux') {
      expect(holder).toMatchObject({ pid: process.pid, cwd: process.cwd(), address: host });
      expect(holder?.command).toContain('node');
    }
  });

  it('is free when nobody holds it, however often one asks', async () => {
    const port = await listen('127.0.0.1');
    servers[0]?.close();
    await once(servers.pop()!, 'close');
    for (let round = 0; round < 5; round += 1) expect(await isPortFree(port)).toBe(true);
    expect(await holdersOf(port)).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('of an outgoing connection is held by its process', async () => {
    const port = await listen('127.0.0.1');
    const socket = createConnection(port, '127.0.0.1');
    await once(socket, 'connect');
    const local = socket.localPort ?? 0;
    try {
      expect(await isPortFree(local)).toBe(false);
      // Connections to other places may go out from the same number.
      expect((await holdersOf(local)).map(({ pid }) => pid)).toContain(process.pid);
    } finally {
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
    }
  });
});
