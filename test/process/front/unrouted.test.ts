/** A name that no route can have, because its port speaks no HTTP/1: the page and `why` say where it is found. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import { createMachine, node, type Machine } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

it('is said by the front, by why, and the address it names is the one that answers', async () => {
  const shop = machine.workspace(
    'shop',
    `version: 1
workspace: shop
services:
  orders: { command: ${node('server.js')}, ports: { rpc: { appProtocol: h2c } } }
  worker: { command: sleep 1000, ports: false }
`,
  );
  expect(await shop.run('dev', '-d')).toMatchObject({
    code: 0,
    stderr: expect.not.stringContaining('error'),
  });
  const number = (await shop.service('orders')).ports[0]?.port ?? 0;
  const page = await machine.get('orders.shop.localhost');
  expect(page.status).toBe(404);
  const { message, hint } = JSON.parse(page.body) as { message: string; hint: string };
  expect(message).toContain(`orders of shop speaks h2c on its port rpc`);
  expect(message).toContain(`dialled at 127.0.0.1:${number}`);
  const [, ...words] = hint.split(' ');
  expect(await machine.run(words)).toMatchObject({ code: 0, stdout: `http://127.0.0.1:${number}\n` });
  const why = await shop.run('why', 'orders.shop.localhost');
  expect(why.code).toBe(1);
  expect(why.stdout).toContain(`dialled at 127.0.0.1:${number}`);
  expect((await shop.run('why', 'worker.localhost')).stdout).toContain('worker of shop has no port');
});
