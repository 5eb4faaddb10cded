import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';

import { serverLook, type Listener } from '../../../../src/stack/readiness/looks.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function looksLikeIt(answer: RequestListener): Promise<Listener> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const http = { appProtocol: 'http' } as Parameters<typeof serverLook>[1];
  return serverLook(port, http, new AbortController().signal);
}

it('a GraphQL server, which has a page for browsers only, is a server of pages', async () => {
  const isOne = await looksLikeIt(({ url, headers }, response) => {
    response.statusCode = url === '/' && headers.accept?.startsWith('text/html') === true ? 200 : 400;
    response.end('This operation has been blocked');
  });
  expect(isOne).toBe('server');
});

it.each([400, 426, 501])('what answers a page with %i is none', async (status) => {
  const isOne = await looksLikeIt((_, response) => {
    response.statusCode = status;
    response.end();
  });
  expect(isOne).toBe('socket');
});
