/** What a client of HTTP/2 is told where there is no instance: a whole answer, in the words of its protocol. */
import { once } from 'node:events';
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { createTraffic } from '../../../src/proxy/traffic.ts';
import { createGate } from '../../../src/stack/ramp/gate.ts';
import { createH2cRelay } from '../../../src/stack/ramp/h2c.ts';
import type { Relay } from '../../../src/stack/ramp/tcp.ts';
import { createManualClock } from '../manual-clock.ts';

let server: Server;
let relay: Relay;
let session: ClientHttp2Session;

beforeEach(async () => {
  const clock = createManualClock();
  const gate = createGate({ clock, traffic: createTraffic(clock), onWait: () => undefined });
  relay = createH2cRelay(gate, 'api');
  server = createServer((socket) => relay.accept(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  session.destroy();
  await relay.close();
  server.close();
  await once(server, 'close');
});

async function ask(headers: Record<string, string>): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  const stream = session.request({ ':path': '/', ...headers });
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  let body = '';
  for await (const chunk of stream) body += String(chunk);
  return { headers: answer, body };
}

it('a call of gRPC ends with its own status, for which its clients try again', async () => {
  const { headers, body } = await ask({ ':method': 'POST', 'content-type': 'application/grpc+proto' });
  expect(headers).toMatchObject({
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': '14',
    'grpc-message': 'the service api is not there',
  });
  expect(body).toBe('');
});

it('any other request gets the answer that every ramp gives', async () => {
  const { headers, body } = await ask({ ':method': 'GET' });
  expect(headers).toMatchObject({ ':status': 503, 'retry-after': '1', 'x-portramp': 'service-starting' });
  expect(JSON.parse(body)).toMatchObject({
    error: 'SERVICE_STARTING',
    message: 'the service api is not there',
  });
});
