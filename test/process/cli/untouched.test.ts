/** `PORTRAMP=0 portramp dev`: no daemon, no names, and nothing left behind. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createMachine, processesOf, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;
let shop: Workspace;

beforeEach(() => {
  machine = createMachine();
  shop = machine.workspace(
    'shop',
    `
version: 1
workspace: shop
services:
  api: { command: "sleep 1000 & echo api here; sleep 1001; echo never" }
  mule: { command: "trap '' TERM INT; echo mule here; while :; do sleep 0.1; done", stop: { timeout: 300ms } }
`,
  );
});
afterEach(() => machine.close());

const start = () =>
  machine.start(['dev'], { cwd: shop.root, env: { ...machine.environment, PORTRAMP: '0' } });

describe('an untouched run', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends with all that it started at %s', async (signal) => {
    const dev = start();
    await dev.prints(/api here/);
    await dev.prints(/mule here/);
    dev.child.kill(signal);
    expect(await dev.ended).toBe(signal === 'SIGHUP' ? 'SIGHUP' : 0);
    expect(processesOf(machine.home)).toEqual([]);
  });

  it('leaves nothing of a command that ended by itself', async () => {
    shop.contract('version: 1\nworkspace: shop\nservices:\n  api: { command: "sleep 1000 & exit 3" }\n');
    const dev = start();
    expect(await dev.ended).toBe(1);
    expect(processesOf(machine.home)).toEqual([]);
  });

  it('has no background', async () => {
    const env = { ...machine.environment, PORTRAMP: '0' };
    expect(await machine.run(['dev', '-d'], { cwd: shop.root, env })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/PORTRAMP=0 runs .* not in the background/) as string,
    });
  });
});
