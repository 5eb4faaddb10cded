import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';

import { serverLook, type Listener } from '../../../../src/stack/readiness/looks.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const looksLikeIt = (answer: RequestListener): Promise<Listener> => lookAt(createServer(answer));
const soundsLike = (serve: (socket: Socket) => void): Promise<Listener> => lookAt(createTcpServer(serve));

async function lookAt(server: Server, address = '127.0.0.1', timeout?: number): Promise<Listener> {
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, address, listening));
  const { port } = server.address() as AddressInfo;
  const http = { appProtocol: 'http' } as Parameters<typeof serverLook>[1];
  return serverLook(port, http, new AbortController().signal, timeout);
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

it('what takes the question and has not answered has not said that it speaks no HTTP', async () => {
  const hanging = (): void => undefined;
  expect(await lookAt(createServer(hanging), '127.0.0.1', 100)).toBe('unanswered');
  expect(await lookAt(createServer(hanging), '::1', 100)).toBe('unanswered');
});

it.each<[string, (socket: Socket) => void]>([
  ['speaks another protocol', (socket) => socket.write('220 mail ESMTP\r\n')],
  ['closes without a word', (socket) => socket.end()],
])('what %s does not speak HTTP', async (_, serve) => {
  expect(await soundsLike(serve)).toBe('foreign');
});
