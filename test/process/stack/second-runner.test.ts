/** One runner a stack, also in the moments in which no daemon knows of the first. */
import { afterEach, beforeEach, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { lockHolder } from '../../../src/lib/lock.ts';
import { isAlive } from '../../../src/lib/process-identity.ts';
import { listProcesses } from './chaos.ts';
import { createMachine, node, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;
let shop: Workspace;

beforeEach(() => {
  machine = createMachine();
  shop = machine.workspace(
    'shop',
    `version: 1\nworkspace: shop\nservices: { api: { command: ${node('app.js')}, ready: { http: / } } }\n`,
  );
});
afterEach(() => machine.close());

const runnersOf = (root: string): number[] =>
  listProcesses().flatMap(({ pid, command }) => (command.includes(`--dir ${root} dev --env`) ? [pid] : []));

async function killDaemon(): Promise<void> {
  const daemon = lockHolder(machine.home.lock);
  if (daemon === undefined) throw new Error('no daemon runs');
  process.kill(daemon.pid, 'SIGKILL');
  await eventually(() => expect(isAlive(daemon)).toBe(false));
}

it.skipIf(process.platform !== 'linux')(
  'takes no second runner for the first, which is stopped and which a new daemon does not know',
  async () => {
    expect((await shop.run('dev', '-d')).code).toBe(0);
    const [runner = 0] = runnersOf(shop.root);
    const { pid, ports } = await shop.service('api');
    process.kill(runner, 'SIGSTOP');
    try {
      await killDaemon();
      const refused = await shop.run('dev', '-d');
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain(
        `(pid ${runner}) does not come to the daemon: it is stopped (state T)`,
      );
      expect(refused.stderr).toContain(`kill -CONT ${runner}`);
      const foreground = await shop.run('dev');
      expect(foreground).toMatchObject({ code: 1 });
      expect(foreground.stderr).toContain(`kill -CONT ${runner}`);
      expect(runnersOf(shop.root)).toEqual([runner]);
    } finally {
      process.kill(runner, 'SIGCONT');
    }
    const joined = await shop.run('dev', '-d');
    expect(joined).toMatchObject({ code: 0 });
    expect(joined.stderr).toContain(`already running (pid ${runner})`);
    expect(await shop.service('api')).toMatchObject({ pid, ports: ports.map(({ port }) => ({ port })) });
  },
);

it('waits for the runner that looks for the daemon, which has just been killed', async () => {
  expect((await shop.run('dev', '-d')).code).toBe(0);
  const { pid } = await shop.service('api');
  const [runner = 0] = runnersOf(shop.root);
  await killDaemon();
  const joined = await shop.run('dev', '-d');
  expect(joined).toMatchObject({ code: 0 });
  expect(joined.stderr).toContain(`already running (pid ${runner})`);
  expect(await shop.service('api')).toMatchObject({ pid });
  expect((await shop.run('down')).code).toBe(0);
  // The place is free as soon as the stack is down.
  expect((await shop.run('dev', '-d')).code).toBe(0);
  expect(runnersOf(shop.root)).not.toContain(runner);
});
