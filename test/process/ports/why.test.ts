/** `portramp why`: one screen that says what is in the way. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createMachine, node, type Machine, type Workspace } from '../workspace.ts';
import { createListeners, pickPort } from './scene.ts';

let machine: Machine;
const listeners = createListeners();

beforeEach(() => {
  machine = createMachine();
});
afterEach(async () => {
  await listeners.close();
  await machine.close();
});

const portOf = async (workspace: Workspace, service: string): Promise<number> =>
  (await workspace.service(service)).ports[0]?.port ?? 0;

async function why(workspace: Workspace, target: string | number): Promise<{ text: string; json: unknown }> {
  const text = await workspace.run('why', String(target));
  const json = await workspace.run('why', String(target), '--json');
  // Exit code 1 says that something is wrong.
  expect([json.code, text.stderr, json.stderr]).toEqual([text.code, '', '']);
  return { text: text.stdout, json: JSON.parse(json.stdout) };
}

const SHOP = `
version: 1
workspace: shop
services:
  web: { command: ${node('server.js')}, consumes: [api] }
  api: { command: ${node('server.js')}, consumes: [migrate], ready: { http: /healthz } }
  migrate: { kind: task, command: "echo no table >&2; exit 3" }
  slow: { command: ${node('server.js')}, env: { START_DELAY: "600000" }, ready: { http: /healthz } }
`;

describe('why SERVICE', () => {
  it('follows what it needs down to the one that failed', async () => {
    const shop = machine.workspace('shop', SHOP);
    shop.start('dev');
    await shop.until('web', 'failed');
    const { text, json } = await why(shop, 'web');
    expect(text.split('\n')[0]).toBe(`web failed  shop, ${shop.root}`);
    expect(text).toContain(
      '  needs api (ready), which is failed: needs migrate, which failed: exited with code 3',
    );
    expect(text).toContain('    needs migrate (completed), which is failed: exited with code 3');
    expect(json).toMatchObject({
      version: 1,
      kind: 'service',
      stack: 'shop',
      service: 'web',
      state: 'failed',
      needs: [{ service: 'api', needs: [{ service: 'migrate', reason: 'exited with code 3', needs: [] }] }],
    });
  });

  it('tells the last look and that nothing listens', async () => {
    const shop = machine.workspace('shop', SHOP);
    shop.start('dev');
    await shop.until('slow', 'warming');
    const { text, json } = await why(shop, 'slow');
    const port = await portOf(shop, 'slow');
    expect(text).toMatch(/last look \d+\.\d s ago: connection refused/);
    expect(text).toContain(
      `port ${port}: leased to slow.http of shop (${shop.root}); free: nothing listens there`,
    );
    expect(json).toMatchObject({
      probe: { problem: 'connection refused' },
      ports: [{ number: port, free: true }],
    });
  });

  it('names the processes that keep it from stopping', async () => {
    const shop = machine.workspace(
      'shop',
      `
version: 1
workspace: shop
services:
  mule: { command: "trap '' TERM; sleep 1000 & echo here; wait", ports: false, ready: { log: here }, stop: { timeout: 10m } }
`,
    );
    shop.start('dev');
    const { pid } = await shop.until('mule', 'ready');
    const stopping = shop.run('stop', 'mule');
    await shop.until('mule', 'stopping');
    const { text, json } = await why(shop, 'mule');
    expect(text).toContain(
      `kept from stopping by /bin/sh -c trap '' TERM; sleep 1000 & echo here; wait (pid ${pid}, in ${shop.root})`,
    );
    expect(json).toMatchObject({ state: 'stopping', remains: [{ pid, cwd: shop.root }, {}] });
    process.kill(-Number(pid), 'SIGKILL');
    await stopping;
  });

  it('names who holds its short name, and what to do when it is not running', async () => {
    const first = machine.workspace('first', SHOP.replace('workspace: shop', 'workspace: first'));
    first.start('dev');
    await first.until('web', 'failed');
    const shop = machine.workspace('shop', SHOP);
    const dev = shop.start('dev');
    await shop.until('web', 'failed');
    const { text, json } = await why(shop, 'web');
    expect(text).toContain('web.localhost is held by first');
    expect(json).toMatchObject({ refusedHosts: [{ host: 'web.localhost', stack: 'first' }] });
    dev.child.kill('SIGINT');
    await dev.ended;
    const rest = await why(shop, 'web');
    expect(rest.text).toContain('web not running');
    expect(rest.text).toContain('no runner is attached — portramp dev');
    expect(rest.json).toMatchObject({ state: 'not running', ports: [{ lease: { running: false } }] });
    const unknown = await shop.run('why', 'wbe');
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('nothing is running');
    const misspelt = await first.run('why', 'webb');
    expect([misspelt.code, misspelt.stderr]).toEqual([2, expect.stringContaining('did you mean "web"?')]);
  });
});

describe.skipIf(process.platform !== 'linux')('why PORT', () => {
  it('tells the service that has it from the stranger who sits on it', async () => {
    const shop = machine.workspace('shop', SHOP.replace('exit 3', 'exit 0'));
    const dev = shop.start('dev', 'web');
    const { pid } = await shop.until('web', 'ready');
    const port = await portOf(shop, 'web');
    const { text, json } = await why(shop, port);
    expect(text.split('\n').slice(0, 3)).toEqual([
      `port ${port}`,
      `  leased to web.http of shop (${shop.root})`,
      `  held by ${process.execPath} ${node('server.js').slice(1, -1).split(', ')[1]} (pid ${pid}, in ${shop.root}) on 127.0.0.1, which belongs to it`,
    ]);
    expect(json).toMatchObject({ kind: 'port', number: port, free: false, holders: [{ pid, own: true }] });

    dev.child.kill('SIGINT');
    await dev.ended;
    const stranger = await listeners.start('127.0.0.1', port);
    const taken = await why(shop, `:${port}`);
    expect(taken.text).toContain(`leased to web.http of shop (${shop.root}), which is not running`);
    expect(taken.text).toContain(`(pid ${stranger.said.pid}, in ${process.cwd()}) on 127.0.0.1, a stranger`);
  });

  it('knows the front, what nobody leased, and what is free', async () => {
    const shop = machine.workspace('shop', SHOP);
    shop.start('dev');
    await shop.until('web', 'failed');
    const { front } = await machine.ls();
    expect((await why(shop, front.http ?? 0)).text).toContain('  the front of portramp');
    const port = await pickPort();
    expect((await why(shop, port)).text).toBe(
      `port ${port}\n  nobody leased it\n  free: nothing listens there\n`,
    );
    await listeners.start('::1', port);
    expect((await why(shop, port)).text).toContain('held by');
  });
});

describe('why HOST', () => {
  it('says where it leads, and who else wants it', async () => {
    const first = machine.workspace('first', SHOP.replace('workspace: shop', 'workspace: first'));
    const dev = first.start('dev');
    await first.until('web', 'failed');
    const shop = machine.workspace('shop', SHOP);
    shop.start('dev');
    await shop.until('web', 'failed');
    const { text, json } = await why(shop, 'http://Web.localhost:7267/cart?x=1');
    expect(text).toContain(
      `web.localhost\n  leads to first (${first.root})\n  shop wants it too, and does not get it\n  web failed`,
    );
    expect(json).toMatchObject({
      kind: 'host',
      host: 'web.localhost',
      stack: 'first',
      running: true,
      refused: ['shop'],
      service: { service: 'web', state: 'failed', needs: [{ service: 'api' }] },
    });
    expect((await why(shop, 'wbe.shop.localhost')).text).toContain(
      'leads nowhere: no stack has that name; did you mean web.shop.localhost?',
    );
    dev.child.kill('SIGINT');
    await dev.ended;
    expect((await why(shop, 'api.localhost')).text).toContain(
      `leads to first (${first.root}), which is not running: portramp dev`,
    );
  });
});
