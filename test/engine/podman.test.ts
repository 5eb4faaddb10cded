/** Podman in Docker's place: its socket, the same Compose, and `podman compose`, which calls that. */
import { spawn, execFile, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../eventually.ts';
import { createMachine, type Machine, type Running, type Workspace } from '../process/workspace.ts';
import { findTestEngine } from './engine.ts';

const run = promisify(execFile);
const engine = await findTestEngine();

async function findPodman(): Promise<string | undefined> {
  try {
    return (await run('podman', ['--version'])).stdout.trim();
  } catch {
    console.log('skipped: podman is not installed');
    return undefined;
  }
}
const podmanVersion = await findPodman();

const IMAGE = 'localhost/portramp/test:1';
const COMPOSE = `
services:
  store:
    image: ${IMAGE}
    stop_signal: SIGKILL
    command: [sh, -c, 'echo store is up; echo kept > /www/index.html; exec httpd -f -p 5432 -h /www']
    ports: ["5432:5432"]
    volumes: ["data:/data"]
  gateway:
    image: ${IMAGE}
    stop_signal: SIGKILL
    command: [httpd, -f, -p, "80", -h, /www]
    ports: ["8080:80"]
volumes: { data: {} }
`;
const CONTRACT = `version: 1
workspace: pods
services:
  api: { command: [${process.execPath}, server.js], consumes: [store] }
  store:
    compose: store
    ports: { http: { container: 5432 } }
    cleanup: echo cleaned > /www/index.html
  gateway: { compose: gateway, consumes: [api] }
`;
const SERVER = `
const http = require('node:http');
http.createServer(async (request, response) => {
  response.end('api found: ' + await (await fetch(process.env.STORE_URL)).text());
}).listen(process.env.PORT, process.env.HOST);
`;

describe.skipIf(engine === undefined || podmanVersion === undefined)('podman', () => {
  if (engine === undefined) return;
  const { compose, docker } = engine;
  let folder: string;
  let service: ChildProcess;
  let machine: Machine;
  let stack: Workspace;
  let dev: Running;
  let environment: NodeJS.ProcessEnv;
  const own = (): string[] => [
    '--root',
    `${folder}/data`,
    '--runroot',
    `${folder}/run`,
    '--storage-driver',
    'vfs',
  ];
  const podman = async (...words: string[]): Promise<string> =>
    (await run('podman', [...own(), ...words], { env: environment })).stdout.trim();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portramp-podman-'));
    mkdirSync(join(folder, 'user'));
    // What a sandbox allows: by itself podman asks for more than a normal machine has.
    writeFileSync(
      join(folder, 'containers.conf'),
      '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
    );
    environment = {
      ...process.env,
      CONTAINERS_CONF: join(folder, 'containers.conf'),
      XDG_RUNTIME_DIR: join(folder, 'user'),
    };
    const archive = join(folder, 'image.tar');
    const id = await docker('create', 'portramp/test:1', 'true');
    await docker('export', '--output', archive, id);
    await docker('rm', id);
    await podman('import', '--quiet', '--change', 'ENV PATH=/bin', archive, IMAGE);
    rmSync(archive);
    const socket = `unix://${folder}/podman.sock`;
    service = spawn('podman', [...own(), 'system', 'service', '--time=0', socket], {
      env: environment,
      stdio: 'ignore',
    });
    machine = createMachine();
    Object.assign(machine.environment, { DOCKER_HOST: socket, PORTRAMP_COMPOSE: compose.command.join(' ') });
    await eventually(() => docker('--host', socket, 'version'));
    stack = machine.workspace('pods', CONTRACT);
    stack.write('compose.yaml', COMPOSE);
    stack.write('server.js', SERVER);
  });

  afterAll(async () => {
    try {
      await stack.run('down');
      expect(await podman('ps', '-aq')).toBe('');
    } finally {
      await machine.close();
      service.kill('SIGTERM');
      if (service.exitCode === null && service.signalCode === null) await once(service, 'exit');
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('runs the containers of a contract, in order with its processes', async () => {
    dev = stack.start('dev');
    for (const name of ['store', 'api', 'gateway']) await stack.until(name, 'ready', 60_000);
    expect((await machine.get('store.pods.localhost')).body).toBe('kept\n');
    expect((await machine.get('api.pods.localhost')).body).toBe('api found: kept\n');
    await dev.prints(/store.*store is up/);
    expect(await podman('ps', '--format', '{{.Names}}')).toBe('pods-store-1\npods-gateway-1');
  });

  it('says that its containers cannot reach a process', async () => {
    // Its `host-gateway` is another address than that of the default network, or none at all before version 5.
    await dev.prints(/containers cannot reach port \d+/);
  });

  it('shows a container that dies, and starts it again', async () => {
    await podman('kill', 'pods-store-1');
    await stack.until('store', 'failed');
    expect((await stack.run('start', 'store')).code).toBe(0);
    await stack.until('store', 'ready');
  });

  it('changes nothing at a second up, and removes all at down', async () => {
    const before = await podman('ps', '--format', '{{.ID}}');
    expect((await stack.run('compose', 'up', '-d')).code).toBe(0);
    expect(await podman('ps', '--format', '{{.ID}}')).toBe(before);
    expect(await stack.run('down')).toMatchObject({ code: 0, stdout: 'pods is down\n', stderr: '' });
    expect(await podman('ps', '-aq')).toBe('');
  });

  it('is asked through "podman compose" where there is no docker', async () => {
    // Podman 4.7 and later has the command: it calls the provider with the socket in DOCKER_HOST, no more.
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const [program, ...first] = compose.command;
    writeFileSync(
      join(bin, 'podman'),
      `#!/bin/sh\n[ "$1" = compose ] || exec /usr/bin/podman "$@"\nshift\nexec ${[program, ...first].join(' ')} "$@"\n`,
    );
    chmodSync(join(bin, 'podman'), 0o755);
    for (const name of ['sh', 'git', 'env']) symlinkSync(`/usr/bin/${name}`, join(bin, name));
    const env: NodeJS.ProcessEnv = { ...machine.environment, PATH: bin };
    delete env['PORTRAMP_COMPOSE'];
    const { code, stdout, stderr } = await machine.run(['compose', 'up', '-d', 'store'], {
      cwd: stack.root,
      env,
    });
    expect(`${code} ${code === 0 ? '' : stdout + stderr}`).toBe('0 ');
    expect((await machine.run(['compose', 'version'], { cwd: stack.root, env })).stdout).toContain(
      compose.version,
    );
    expect(await podman('ps', '--format', '{{.Names}}')).toBe('pods-store-1');
  });
});
