/** What a command cannot do it says, and then it ends. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createMachine, node, type Machine } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const SHOP = `
version: 1
workspace: shop
services:
  api: { command: ${node('server.js')} }
`;

describe('a refused request', () => {
  it('ends "daemon stop" while stacks run', { timeout: 40_000 }, async () => {
    const shop = machine.workspace('shop', SHOP);
    await shop.run('dev', '-d');
    expect(await machine.run(['daemon', 'stop'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/these stacks are running: shop\n.*portramp down --all/) as string,
    });
  });

  it('ends "down" where the runner does not answer; others are stopped all the same', async () => {
    const shop = machine.workspace('shop', SHOP);
    const other = machine.workspace('other', SHOP.replace('workspace: shop', 'workspace: other'));
    await shop.run('dev', '-d');
    await other.run('dev', '-d');
    const { pid = 0 } = await shop.stack();
    process.kill(pid, 'SIGSTOP');
    try {
      const down = await machine.run(['down', '--all']);
      expect(down).toMatchObject({ code: 1, stdout: 'other is down\n' });
      expect(down.stderr).toMatch(new RegExp(`the runner of .*shop \\(pid ${pid}\\) does not answer`));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});
