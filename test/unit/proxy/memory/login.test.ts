/** Services that log in the connection and not the request: whose connection it is then. */
import { describe, expect, it } from 'vitest';

import type { Handler } from '../../../../src/proxy/engine/engine.ts';
import type { Peer } from './connection.ts';
import { createNetwork, TARGET, type Network, type NetworkOptions } from './network.ts';

const LOGIN = 'Authorization: NTLM TlRMTVNTUAAD\r\n';
const OFFER = 'WWW-Authenticate: NTLM\r\n';

const get = (fields = '', path = '/'): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const answer = (fields = '', status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\nKeep-Alive: timeout=60\r\nContent-Length: 2\r\n${fields}\r\nok`;

const start = (options: NetworkOptions = {}): Network =>
  createNetwork({ ...options, timeouts: { rest: 0, witness: 0, idle: 60_000, ...options.timeouts } });

/** Makes one exchange. @returns the number of the connection to the service on which it was made */
async function exchange(
  network: Network,
  client: Peer,
  request = get(),
  response = answer(),
): Promise<number> {
  const before = network.services.map(({ received }) => received.length);
  client.send(request);
  await network.settle();
  const used = network.services.findIndex(({ received }, index) => received.length > (before[index] ?? 0));
  const service = network.services[used];
  if (service === undefined) throw new Error('the request went nowhere');
  service.send(response);
  await network.settle();
  if (!client.received.endsWith('ok')) throw new Error(`no answer: ${client.received}`);
  client.received = '';
  return used;
}

describe('a connection over which a client has logged in', () => {
  it.each([
    ['by NTLM', get(LOGIN), answer()],
    ['by Negotiate', get('authorization: negotiate YII=\r\n'), answer()],
    ['by NTLM in capitals', get('AUTHORIZATION:nTlM x\r\n'), answer()],
    ['by Kerberos', get('Authorization: Kerberos x\r\n'), answer()],
    ['as the answer says', get(), answer('www-authenticate: Negotiate oYG2\r\n')],
    ['as an answer offers', get(), answer(OFFER, '401 Unauthorized')],
    ['as an answer offers last', get(), answer('WWW-Authenticate: Basic realm="a", NEGOTIATE\r\n', '401 No')],
    [
      'as an answer offers in a second field',
      get(),
      answer('WWW-Authenticate: Basic\r\nWWW-Authenticate: Negotiate\r\n', '401 No'),
    ],
  ])('%s, is given to no other client, and stays with this one', async (_, request, response) => {
    const network = start();
    const [alice, bob] = [network.connect(), network.connect()];
    expect(await exchange(network, alice, request, response)).toBe(0);
    expect(await exchange(network, bob)).toBe(1);
    expect(await exchange(network, alice)).toBe(0);
    // What was said before counts for all that follows.
    expect(await exchange(network, network.connect())).toBe(1);
    expect(network.services.map(({ closed }) => closed)).toEqual(['no', 'no']);
  });

  it.each([
    'Authorization: Basic TlRMTQ==\r\n',
    'Authorization: Bearer ntlm.x\r\n',
    'X-Authorization: NTLM x\r\n',
  ])('is one like any other where each request says who asks: %j', async (fields) => {
    const network = start();
    expect(await exchange(network, network.connect(), get(fields))).toBe(0);
    expect(await exchange(network, network.connect())).toBe(0);
  });

  it('may have been used by others before', async () => {
    const network = start();
    const alice = network.connect();
    expect(await exchange(network, network.connect())).toBe(0);
    expect(await exchange(network, alice, get(LOGIN), answer(OFFER, '401 Unauthorized'))).toBe(0);
    expect(await exchange(network, alice, get(LOGIN))).toBe(0);
    expect(await exchange(network, network.connect())).toBe(1);
  });

  it.each([
    ['has gone', (client: Peer) => client.reset()],
    ['has ended its side', (client: Peer) => client.finish()],
  ])('is closed when its client %s', async (_, leave) => {
    const network = start();
    const alice = network.connect();
    await exchange(network, alice, get(LOGIN));
    expect(network.services[0]?.closed).toBe('no');
    leave(alice);
    await network.settle();
    expect(network.services[0]?.closed).toBe('closed');
    expect(await exchange(network, network.connect())).toBe(1);
  });

  it('is closed at once where that of its client ends with the answer', async () => {
    const network = start();
    await exchange(network, network.connect(), get(`${LOGIN}Connection: close\r\n`));
    expect(network.services[0]?.closed).toBe('closed');
  });

  it('that the service has closed is replaced by another', async () => {
    const network = start();
    const alice = network.connect();
    await exchange(network, alice, get(LOGIN));
    network.services[0]?.finish();
    await network.settle();
    expect(await exchange(network, alice)).toBe(1);
    expect(await exchange(network, network.connect())).toBe(1);
  });

  it('that the service closes as it is asked again is replaced by another', async () => {
    const network = start();
    const alice = network.connect();
    await exchange(network, alice, get(LOGIN));
    alice.send(get());
    network.services[0]?.reset();
    await network.settle();
    network.services[1]?.send(answer());
    await network.settle();
    expect(alice.received).toMatch(/ok$/);
  });

  it('carries what must not be made twice only while it is sure to be open', async () => {
    const network = start();
    const alice = network.connect();
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi';
    expect(await exchange(network, alice, get(LOGIN))).toBe(0);
    await network.clock.advance(900);
    expect(await exchange(network, alice, post)).toBe(0);
    await network.clock.advance(1_100);
    expect(await exchange(network, alice)).toBe(0);
    await network.clock.advance(1_100);
    expect(await exchange(network, alice, post)).toBe(1);
    expect(network.services[0]?.closed).toBe('closed');
  });

  const handler: Handler = ({ path }) => ({
    action: 'forward',
    target: { ...TARGET, port: path === '/' ? TARGET.port : 5_000 },
    headers: {},
    onUnreachable: ({ message }) => ({ status: 502, headers: {}, body: message }),
  });

  it('is closed when its client has asked only others for as long as it might have been silent', async () => {
    const network = start({ handler });
    const alice = network.connect();
    await exchange(network, alice, get(LOGIN));
    for (let time = 0; time < 60_000; time += 20_000) {
      expect(network.services[0]?.closed).toBe('no');
      await exchange(network, alice, get('', '/other'));
      await network.clock.advance(20_000);
    }
    await network.clock.advance(1_000);
    await network.settle();
    expect([network.services[0]?.closed, alice.closed]).toEqual(['closed', 'no']);
  });

  it('is kept for its client while that asks others, too', async () => {
    const network = start({ handler });
    const alice = network.connect();
    expect(await exchange(network, alice, get(LOGIN))).toBe(0);
    expect(await exchange(network, alice, get(LOGIN, '/other'))).toBe(1);
    expect(await exchange(network, alice)).toBe(0);
    expect(await exchange(network, alice, get('', '/other'))).toBe(1);
    alice.finish();
    await network.settle();
    expect(network.services.map(({ closed }) => closed)).toEqual(['closed', 'closed']);
  });
});
