/** A page of many modules, none of which was asked for before: what the rest of connections costs it. */
import { expect, it } from 'vitest';

import type { Timeouts } from '../../../../src/proxy/engine/wire/limits.ts';
import { createNetwork } from './network.ts';

const MODULES = 1_500;

/** As many as a browser opens to one host. */
const CONNECTIONS = 6;

/** @returns how many connections to the service were made */
async function load(timeouts: Partial<Timeouts>): Promise<number> {
  const network = createNetwork({ timeouts });
  const clients = Array.from({ length: CONNECTIONS }, () => network.connect());
  const answered = new Map<unknown, number>();
  for (let module = 0; module < MODULES; module += CONNECTIONS) {
    for (const [at, client] of clients.entries()) {
      // Names without numbers, which would be taken for one kind.
      const name = String(module + at).replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '');
      client.send(`GET /${name}.js HTTP/1.1\r\nHost: a\r\n\r\n`);
    }
    await network.settle();
    for (const service of network.services) {
      const asked = service.received.split('GET /').length - 1;
      for (let known = answered.get(service) ?? 0; known < asked; known += 1) {
        service.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }
      answered.set(service, asked);
    }
    await network.settle();
    await network.clock.advance(2);
  }
  for (const { received } of clients) {
    expect(received.split('HTTP/1.1 200 OK')).toHaveLength(MODULES / CONNECTIONS + 1);
  }
  return network.services.length;
}

it('takes a few connections more, and not one for each module', async () => {
  expect(await load({ rest: 0, witness: 0 })).toBe(CONNECTIONS);
  expect(await load({})).toBeLessThanOrEqual(32 + 2 * CONNECTIONS);
});
