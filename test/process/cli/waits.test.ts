/** Everything that waits ends, says what for, and what became of it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { createMachine, node, program, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;

beforeEach(() => {
  machine = createMachine();
});
afterEach(() => machine.close());

const HEAD = 'version: 1\nworkspace: shop\nservices:\n';
/** Never ready, and never told to be late. */
const SLOW = `  slow: { command: "echo loading; exec sleep 1000", ports: { http: {} }, ready: { tcp: true, timeout: 10m } }
  behind: { command: "exec sleep 1000", ports: false, consumes: [slow] }
`;

describe('a wait', () => {
  it('ends with who is not ready, why from its root, and the last lines of that', async () => {
    const shop = machine.workspace('shop', HEAD + SLOW);
    expect((await shop.run('dev', '-d', '--timeout', '1s')).code).toBe(1);
    await shop.until('slow', 'warming');
    const up = await shop.run('dev', '-d', '--timeout', '2s');
    expect(up.code).toBe(1);
    expect(up.stderr).toMatch(
      /after 2 s, slow is starting: last look: [^;\n]+; behind is starting: waits for slow\n +the last lines of slow:\n +loading\n +hint: "portramp why slow"/,
    );

    // What is quicker than three seconds needs no word; after that it is said once, as nothing changes.
    const waited = await shop.run('wait', 'behind', '--timeout', '7s');
    expect(waited).toMatchObject({ code: 1, stdout: '' });
    expect(waited.stderr.match(/^waiting: behind is starting: waits for slow$/gm)).toHaveLength(1);
    expect(waited.stderr).toMatch(
      /after 7 s, behind is starting: waits for slow; slow is starting: last look: [^;\n]+\n +the last lines of slow:\n +loading/,
    );
    for (const action of ['start', 'restart']) {
      const ended = await shop.run(action, 'behind', '--timeout', '200ms');
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toMatch(
        /after 0\.2 s, behind is starting.*; slow is starting: last look: [^;\n]+\n.*slow:\n +loading/,
      );
    }
    expect(await shop.run('restart', 'behind', '--no-wait')).toEqual({
      code: 0,
      stdout: 'restarting behind\n',
      stderr: '',
    });
    expect((await shop.run('dev', '--timeout', '1s')).stderr).toMatch(/--timeout .*dev -d/);
  });

  it('ends with what the last look found, where a service answers and is not well', async () => {
    const shop = machine.workspace(
      'shop',
      `${HEAD}  db: { command: ${node('server.js')}, ready: { http: /call, timeout: 10m } }\n`,
    );
    expect((await shop.run('dev', '-d', '--timeout', '1s')).code).toBe(1);
    await eventually(async () => expect((await shop.run('why', 'db')).stdout).toMatch(/answered with 500/));
    for (const action of ['wait', 'start']) {
      const { code, stderr } = await shop.run(action, 'db', '--timeout', '500ms');
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /after 0\.5 s, db is starting: last look: answered with 500\n +the last lines of db:/,
      );
    }
    const again = await shop.run('restart', 'db', '--timeout', '2s');
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/after 2 s, db is (starting|restarting|stopping)/);
  });

  it('ends when the start has failed, with the lines of the cause', async () => {
    const shop = machine.workspace(
      'shop',
      `${HEAD.replace('services', 'groups: { default: [web, mule] }\nservices')}  db: { kind: task, command: "echo no such luck; exit 7" }
  api: { command: ${node('server.js')}, consumes: [db] }
  web: { command: ${node('server.js')} }
  mule: { command: "trap '' TERM; while :; do sleep 0.1; done", ports: false, stop: { timeout: 2s } }
`,
    );
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    for (const action of ['start', 'restart']) {
      const ended = await shop.run(action, 'api');
      expect(ended.code).toBe(1);
      expect(ended.stderr).toMatch(
        /api is failed: needs db, which failed: exited with code 7\n +the last lines of db:\n +no such luck/,
      );
    }
    expect(await shop.run('restart', 'web')).toMatchObject({ code: 0, stdout: 'web is ready\n' });
    const json = JSON.parse((await shop.run('restart', 'web', '--json')).stdout) as object;
    expect(json).toMatchObject({ action: 'restart', outcome: [{ name: 'web', status: 'ready' }] });
    const late = await shop.run('stop', 'mule', '--timeout', '100ms');
    expect(late.code).toBe(1);
    expect(late.stderr).toMatch(/after 0\.1 s, mule is stopping/);
    expect(await shop.run('stop', 'mule')).toMatchObject({ code: 0, stdout: 'stopped mule\n' });
  });
});

describe('a restart on a hand-off', () => {
  const APP = `${HEAD}  app:
    command: "test ! -e broken && exec ${process.execPath} ${program('app.js')}"
    ready: { http: / }
    env: { START_DELAY: 200 }
    restart: { policy: no }
    transition: { strategy: handoff, drainTimeout: 500ms }
`;

  it('waits for the swap, so that each of several in a row has an instance of its own', async () => {
    const shop = machine.workspace('shop', APP);
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    const pids = [(await shop.service('app')).pid];
    for (let count = 0; count < 3; count += 1) {
      expect(await shop.run('restart', 'app')).toMatchObject({ code: 0, stdout: 'app is ready\n' });
      const { pid, state } = await shop.service('app');
      expect(state).toBe('ready');
      pids.push(pid);
    }
    expect(new Set(pids).size).toBe(4);
    const together = await Promise.all([1, 2].map(() => shop.run('restart', 'app')));
    for (const { code, stdout } of together) {
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^app is ready(: another restart, .*)?\n$/)]);
    }
  });

  it('that is refused is told by ls and why until another has taken its place', async () => {
    const shop = machine.workspace('shop', APP);
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    shop.write('broken', '');
    const refused = await shop.run('restart', 'app');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/the new instance of app did not get ready: .*\n.*the old one serves on/);
    expect((await shop.service('app')).state).toBe('ready');
    const refusal = /serves on as it was: the new instance did not get ready/;
    expect((await shop.run('ls')).stdout).toMatch(refusal);
    expect((await shop.run('why', 'app')).stdout).toMatch(refusal);
    rmSync(join(shop.root, 'broken'));
    expect(await shop.run('restart', 'app')).toMatchObject({ code: 0, stdout: 'app is ready\n' });
    expect((await shop.run('ls')).stdout).not.toMatch(refusal);
  });
});

describe('scale', () => {
  const APP = `${HEAD}  app:
    command: "test ! -e broken && exec ${process.execPath} ${program('app.js')}"
    ready: { http: / }
    restart: { policy: no }
`;
  const startsOf = async (shop: Workspace): Promise<number> =>
    (await shop.run('logs', 'app')).stdout.match(/started \(pid/g)?.length ?? 0;

  it('waits until there are as many, starts none of them twice, and says what became of them', async () => {
    const shop = machine.workspace('shop', `${APP}  far: { external: example.com:80 }\n`);
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    const scaled = await shop.run('scale', 'app=3');
    expect(scaled).toMatchObject({ code: 0, stdout: 'app is ready: 3 replicas\n' });
    expect((await shop.service('app')).instances).toHaveLength(3);
    // The one that was there gives its number to the ramp.
    expect(await startsOf(shop)).toBe(4);
    expect(await shop.run('scale', 'app=1')).toMatchObject({ stdout: 'app is ready: one replica\n' });

    shop.write('broken', '');
    const failed = await shop.run('scale', 'app=2');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(
      /1 of 2 replicas of app failed\n {2}replica \d is failed: exited with code 1\n[^]*portramp logs app/,
    );
    expect(await shop.run('why', 'app')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/replica \d is failed: exited with code 1/) as string,
    });
    expect((await shop.run('ls')).stdout).toContain('1 of 2 replicas ready');
    expect(await shop.run('scale', 'far=2')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('far is no process of portramp') as string,
    });
  });

  it('and restarts that come together are each carried out, or say which took their place', async () => {
    const shop = machine.workspace('shop', APP);
    expect(await shop.run('dev', '-d')).toMatchObject({ code: 0 });
    const results = await Promise.all([1, 2, 3].map(() => shop.run('restart', 'app')));
    for (const { code, stdout } of results) {
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^app is ready(: another restart, .*)?\n$/)]);
    }
    const replaced = results.filter(({ stdout }) => stdout.includes('another restart')).length;
    // A start more may be seen: one that was told to end before it was ready.
    expect((await startsOf(shop)) - 1 + replaced).toBeGreaterThanOrEqual(3);
  });
});
