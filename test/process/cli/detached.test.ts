/** `portramp dev -d`: what it tells, when it returns, and with which exit code. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createMachine, node, type Machine } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const HEAD = 'version: 1\nworkspace: shop\n';
/** Never ready, and never told to be late. */
const SLOW = '{ command: sleep 1000, ports: { http: {} }, ready: { tcp: true, timeout: 10m } }';

describe('dev -d', () => {
  it('is no success where the stack was taken down meanwhile', async () => {
    const shop = machine.workspace('shop', `${HEAD}services:\n  slow: ${SLOW}\n`);
    const dev = shop.start('dev', '-d');
    await shop.until('slow', 'warming');
    expect(await shop.run('down')).toMatchObject({ code: 0 });
    expect(await dev.ended).toBe(1);
    expect(dev.output).toMatch(/taken down before it was ready|stopped slow before it was ready/);
  });

  it('returns as soon as one service failed, names it once, and the rest goes on', async () => {
    const shop = machine.workspace(
      'shop',
      `${HEAD}services:
  slow: ${SLOW}
  bad: { command: "echo no such luck; exit 7", ports: false, restart: { policy: no } }
`,
    );
    const up = await shop.run('dev', '-d');
    expect(up.code).toBe(1);
    expect(up.stderr).toMatch(
      /failed bad: exited with code 7\n +no such luck\n +hint: .*\nthe rest goes on starting/,
    );
    expect(`${up.stdout}${up.stderr}`.match(/exited with code 7/g)).toHaveLength(1);
    await shop.until('slow', 'warming');
  });

  it('shows which module is missing, and not only where Node looked for it', async () => {
    const shop = machine.workspace(
      'shop',
      `${HEAD}services:\n  api: { command: node api.mjs, restart: { policy: no } }\n`,
    );
    shop.write('api.mjs', "import 'not-installed';\n");
    const up = await shop.run('dev', '-d');
    expect(up.code).toBe(1);
    expect(up.stderr).toMatch(
      /failed api: exited with code 1\n(?: {4}.*\n)*.*Cannot find package 'not-installed'/,
    );
  });

  it('tells what concerns a person, and how it goes', async () => {
    const first = machine.workspace('first', `${HEAD}services:\n  api: { command: ${node('server.js')} }\n`);
    const second = machine.workspace(
      'second',
      `${HEAD}services:\n  api: { command: ${node('server.js')} }\n  quiet: { command: sleep 1000 }\n`,
    );
    const up = await first.run('dev', '-d');
    // Where it takes long, what for is said.
    expect({ code: up.code, said: up.stderr.replaceAll(/^waiting\b.*\n/gm, '') }).toEqual({
      code: 0,
      said: '',
    });
    expect(up.stdout).toMatch(/^api │ ready http:\/\/api\.shop\.localhost/m);
    const other = await second.run('dev', '-d');
    expect(other.code).toBe(0);
    expect(other.stderr).toMatch(/portramp the name "shop" belongs to .*first/);
    expect(other.stdout).toMatch(/quiet +running +:\d+ +nothing listens on port \d+ .*"ports: false"/);
  });

  it('twice in the same moment is one stack, and both succeed', async () => {
    const shop = machine.workspace('shop', `${HEAD}services:\n  api: { command: ${node('server.js')} }\n`);
    const results = await Promise.all([1, 2, 3].map(() => shop.run('dev', '-d')));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    for (const { stdout } of results) expect(stdout).toMatch(/api +ready/);
    expect(readdirSync(join(machine.home.root, 'runners'))).toHaveLength(1);
  });

  it('takes the names of groups on a running stack too, as attaching, start, stop and restart do', async () => {
    const shop = machine.workspace(
      'shop',
      `${HEAD}groups: { default: [api], back: [worker] }
services:
  api: { command: ${node('server.js')} }
  worker: { command: "echo working; exec sleep 1000", ports: false }
`,
    );
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    expect((await shop.service('worker')).state).toBe('idle');
    expect(await shop.run('dev', '-d', 'back')).toMatchObject({ code: 0 });
    expect((await shop.service('worker')).state).toBe('ready');
    expect(await shop.run('stop', 'back')).toMatchObject({ code: 0 });
    await shop.until('worker', 'idle');
    const attached = shop.start('dev', 'back');
    await attached.prints(/Already running/);
    await shop.until('worker', 'ready');
    attached.child.kill('SIGINT');
    expect(await attached.ended).toBe(0);
    expect(await shop.run('restart', 'back')).toMatchObject({ code: 0, stdout: 'worker is ready\n' });
    for (const command of [['dev', '-d'], ['dev'], ['start'], ['stop'], ['restart']]) {
      const refused = await shop.run(...command, 'bak');
      expect(refused).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/no service or group "bak"\n.*did you mean "back"/) as string,
      });
    }
  });
});
