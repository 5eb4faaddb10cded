/** What services say is seen: without a line end, by replicas, and never by themselves again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { createMachine, node, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;
let shop: Workspace;
beforeAll(async () => {
  machine = createMachine();
  shop = machine.workspace(
    'shop',
    `
version: 1
workspace: shop
services:
  asks: { command: "printf 'Use another port? (Y/n) '; read answer; sleep 1000", ports: false }
  web: { command: ${node('server.js')}, replicas: 2 }
  mirror: { command: [${process.execPath}, $PORTRAMP, dev], ports: false, restart: { policy: no }, start: manual }
  follower: { command: [${process.execPath}, $PORTRAMP, logs, -f], ports: false, restart: { policy: no }, start: manual }
`.replaceAll('$PORTRAMP', new URL('../../../bin/portramp.js', import.meta.url).pathname),
  );
  expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
});
afterAll(() => machine.close());

describe('what a service says', () => {
  it('is seen without a line end', async () => {
    await eventually(async () =>
      expect((await shop.run('logs', 'asks')).stdout).toContain('Use another port? (Y/n)'),
    );
  });

  it('is told apart by replicas, in the terminal and in JSON', async () => {
    const { stdout } = await shop.run('logs', 'web');
    expect(stdout).toMatch(/^web\.0 .*started/m);
    expect(stdout).toMatch(/^web\.1 .*started/m);
    const lines = (await shop.run('logs', 'web', '--json')).stdout.trim().split('\n');
    const replicas = lines.map((line) => (JSON.parse(line) as { replica?: number }).replica);
    expect(new Set(replicas)).toEqual(new Set([0, 1]));
    const asks = (await shop.run('logs', 'asks', '--json')).stdout;
    expect(asks).not.toContain('replica');
  });

  it.each(['mirror', 'follower'])('is not shown to the stack that says it: %s', async (name) => {
    await shop.run('start', name);
    await shop.until(name, 'failed');
    const { stdout } = await shop.run('logs', name);
    expect(stdout).toContain(`this is ${name} of shop, whose own output it would print again and again`);
    expect(stdout.length).toBeLessThan(2_000);
  });
});
