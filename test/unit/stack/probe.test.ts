/** What a look leaves behind: nothing. */
import { getEventListeners, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { probeHttp, probeTcp } from '../../../src/stack/probe.ts';

/** Answers with 200, and never ends what it says. */
let server: Server;
let port: number;

beforeEach(async () => {
  server = createServer((_request, response) => void response.write('and so on'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

it('is no listener on the signal that ends all looks', async () => {
  const { signal } = new AbortController();
  for (let look = 0; look < 3; look += 1) expect(await probeTcp(port, 60_000, signal)).toBeUndefined();
  await eventually(() => expect(getEventListeners(signal, 'abort')).toEqual([]));
});

it('is no connection to a server whose answer never ends', async () => {
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const { signal } = new AbortController();
  const own = { port, scheme: 'http' } as const;
  expect(await probeHttp(own, `http://127.0.0.1:${port}/`, 60_000, signal)).toBeUndefined();
  const [socket] = await connected;
  if (!socket.closed) await once(socket, 'close');
});
