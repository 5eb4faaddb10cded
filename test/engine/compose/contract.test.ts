/** One contract over processes and containers: order, health, logs, names, values that work on both sides. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { openWorkspace, type Machine, type Running, type Workspace } from '../../process/workspace.ts';
import { findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const COMPOSE = `
services:
  # Keeps the name that the stack gave it, and answers only after a while.
  store:
    image: portramp/test:1
    stop_signal: SIGKILL
    command: [sh, -c, 'echo "store is up"; sleep 1; echo "kept by $$STACK" > /www/index.html; exec httpd -f -p 5432 -h /www']
    environment: { STACK: "\${PORTRAMP_STACK}" }
    healthcheck: { test: [CMD, wget, -qO-, http://127.0.0.1:5432/], interval: 300ms, retries: 30 }
  gateway:
    image: portramp/test:1
    stop_signal: SIGKILL
    command:
      - sh
      - -c
      - |
        { echo '#!/bin/sh'; echo "printf 'Content-Type: text/plain\\r\\n\\r\\n'"; echo "echo gateway asks $$API_URL; exec wget -qO- $$API_URL/"; } > /www/cgi-bin/hop
        chmod 755 /www/cgi-bin/hop
        exec httpd -f -p 80 -h /www
    ports: ["8080:80"]
  # Not in the contract: runs along.
  mail_box:
    image: portramp/test:1
    stop_signal: SIGKILL
    command: [sh, -c, 'echo mail > /www/index.html; exec httpd -f -p 8025 -h /www']
    ports: ["8025:8025"]
    depends_on: { store: { condition: service_healthy } }
  # Has no network of its own, and asks a process all the same.
  side:
    image: portramp/test:1
    stop_signal: SIGKILL
    network_mode: service:gateway
    command: [sh, -c, 'wget -qO- $$API_URL; exec sleep 1000']
  tool:
    image: portramp/test:1
    profiles: [tools]
    command: [sleep, "1000"]
`;

const CONTRACT = `version: 1
workspace: mixed
services:
  api:
    command: [${process.execPath}, server.js]
    consumes: [store]
  store: { compose: store, ports: { http: { container: 5432 } }, url: "http://\${self.host}:\${self.port}/" }
  gateway: { compose: gateway, consumes: [api] }
  side: { compose: side, consumes: [api] }
`;

const SERVER = `
const http = require('node:http');
http.createServer(async (request, response) => {
  const kept = await (await fetch(process.env.STORE_URL)).text();
  response.end('api found: ' + kept);
}).listen(process.env.PORT, process.env.HOST);
`;

describe.skipIf(engine === undefined)('a contract over processes and containers', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let stack: Workspace;
  let dev: Running;

  beforeAll(async () => {
    machine = engine.createMachine();
    stack = machine.workspace('mixed', CONTRACT);
    stack.write('compose.yaml', COMPOSE);
    stack.write('server.js', SERVER);
    dev = stack.start('dev');
    for (const name of ['store', 'api', 'gateway', 'side', 'mail-box'])
      await stack.until(name, 'ready', 60_000);
  });

  afterAll(async () => {
    try {
      await stack.run('down');
      expect(await engine.left()).toEqual([]);
    } finally {
      await machine.close();
    }
  });

  const pidOf = async (name: string): Promise<string> =>
    docker('inspect', '--format', '{{.State.Pid}}', `mixed-${name}-1`);

  it('starts containers in order with the processes, and shows what they print', async () => {
    expect(dev.output).toMatch(/store.*store is up/);
    const { services } = await stack.stack();
    expect(services.map(({ name, kind, state }) => [name, kind, state])).toEqual(
      expect.arrayContaining([
        ['store', 'compose', 'ready'],
        ['api', 'process', 'ready'],
        ['gateway', 'compose', 'ready'],
        ['mail-box', 'compose', 'ready'],
        ['tool', 'compose', 'idle'],
      ]),
    );
    expect(services.find(({ name }) => name === 'store')).not.toHaveProperty('pid');
  });

  it('carries a request from the front into a container, out to a process, and into another container', async () => {
    const { status, body } = await machine.get('gateway.mixed.localhost', '/cgi-bin/hop');
    expect(status).toBe(200);
    expect(body).toMatch(/^gateway asks http:\/\/host\.docker\.internal:\d+\napi found: kept by mixed\n$/);
  });

  it('carries the request of a container that has the network of another', async () => {
    await eventually(() => expect(dev.output).toMatch(/side.*api found: kept by mixed/));
  });

  it('routes services that the contract does not name, under their own names', async () => {
    expect((await machine.get('mail-box.mixed.localhost')).body).toBe('mail\n');
    expect((await machine.get('store.mixed.localhost')).body).toBe('kept by mixed\n');
  });

  it('binds only the bridge for containers, and only what they may consume', async () => {
    const { stdout } = await stack.run('env', 'gateway', '--json');
    const { env } = JSON.parse(stdout) as { env: Record<string, string> };
    expect(Object.keys(env).sort()).toEqual(['API_HOST', 'API_PORT', 'API_PUBLIC_URL', 'API_URL']);
    const port = Number(env['API_PORT']);
    const direct = await fetch(`http://127.0.0.1:${port}/`).then(String, () => 'refused');
    expect(direct).toBe('refused');
  });

  it('uses the same override as portramp compose does', async () => {
    const before = await Promise.all(['store', 'gateway', 'mail_box'].map(pidOf));
    expect((await stack.run('compose', 'up', '-d')).code).toBe(0);
    expect(await Promise.all(['store', 'gateway', 'mail_box'].map(pidOf))).toEqual(before);
  });

  it('shows a container that dies, and starts it again when asked', async () => {
    await docker('kill', 'mixed-mail_box-1');
    const { failure } = await stack.until('mail-box', 'failed');
    expect(failure?.message).toBe(
      'its container mixed-mail_box-1 was stopped from outside of portramp (exit code 137)',
    );
    expect((await machine.get('mail-box.mixed.localhost')).status).toBe(503);
    expect((await stack.run('start', 'mail-box')).code).toBe(0);
    await stack.until('mail-box', 'ready');
  });

  it('makes containers anew when the Compose file changes, and no others', async () => {
    const before = await Promise.all(['store', 'gateway'].map(pidOf));
    stack.write('compose.yaml', COMPOSE.replace('echo mail >', 'echo post >'));
    await eventually(async () => expect((await machine.get('mail-box.mixed.localhost')).body).toBe('post\n'));
    expect(await Promise.all(['store', 'gateway'].map(pidOf))).toEqual(before);
  });

  it('leaves containers running at Ctrl-C, and takes them over at the next start', async () => {
    const before = await Promise.all(['store', 'gateway', 'mail_box'].map(pidOf));
    dev.child.kill('SIGINT');
    expect(await dev.ended).toBe(0);
    expect(dev.output).toContain('containers run on; "portramp down" removes them');
    expect(await Promise.all(['store', 'gateway', 'mail_box'].map(pidOf))).toEqual(before);
    dev = stack.start('dev');
    for (const name of ['store', 'api', 'gateway', 'mail-box']) await stack.until(name, 'ready', 60_000);
    expect(await Promise.all(['store', 'gateway', 'mail_box'].map(pidOf))).toEqual(before);
    expect((await machine.get('gateway.mixed.localhost', '/cgi-bin/hop')).body).toContain(
      'api found: kept by mixed',
    );
  });

  it('stops a container by its name', async () => {
    expect((await stack.run('stop', 'mail-box')).code).toBe(0);
    await stack.until('mail-box', 'idle');
    expect(await docker('ps', '--format', '{{.Names}}')).not.toContain('mail_box');
  });

  it('removes containers that were left, when nothing runs any more', async () => {
    dev.child.kill('SIGINT');
    await dev.ended;
    expect(await docker('ps', '-q')).not.toBe('');
    const { code, stdout } = await stack.run('down');
    expect(`${code} ${stdout}`).toBe('0 mixed is down\n');
    expect(await docker('ps', '-aq')).toBe('');
    expect((await stack.run('down')).stdout).toBe('Nothing was running.\n');
  });

  it('says what is wrong with what the contract says of the project', async () => {
    const other = openWorkspace(machine, machine.folder('wrong'));
    other.write('compose.yaml', COMPOSE);
    other.contract('version: 1\nworkspace: wrong\nservices:\n  db: { compose: stroe }\n');
    const { code, stderr } = await other.run('dev');
    expect(code).toBe(2);
    expect(stderr).toMatch(/portramp\.yaml:4:18.*the Compose project has no service "stroe"/s);
    expect(stderr).toContain('did you mean "store"?');
  });
});
