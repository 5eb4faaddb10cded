/** What can go wrong around `up`: each a clear message, and nothing half-started left behind. */
import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openWorkspace, type Machine, type Workspace } from '../../process/workspace.ts';
import { findTestEngine, restartEngine } from '../engine.ts';
import { startSlowEngine } from '../slow-engine.ts';

const engine = await findTestEngine();

const SERVER = 'image: portramp/test:1, stop_signal: SIGKILL, command: [httpd, -f, -p, "80", -h, /www]';
const TWO = `
services:
  first: { ${SERVER}, ports: ["8080:80"] }
  second: { ${SERVER}, ports: ["8081:80"], depends_on: [first] }
`;

describe.skipIf(engine === undefined)('portramp compose up', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let project: Workspace;

  beforeEach(() => {
    machine = engine.createMachine();
    project = openWorkspace(machine, machine.folder('sorry'));
  });
  afterEach(async () => {
    try {
      await project.run('compose', 'down', '--volumes', '--timeout', '0');
      await expectNothing();
    } finally {
      await machine.close();
    }
  });

  const expectNothing = async (): Promise<void> => {
    expect(await engine.left()).toEqual([]);
  };
  const portOf = async (service: string): Promise<number> => {
    const { stdout } = await project.run('override', '--json');
    const { ports } = JSON.parse(stdout) as { ports: { service: string; port: number }[] };
    return ports.find((port) => port.service === service)?.port ?? 0;
  };

  it('names who took a leased port, before anything is started', async () => {
    project.write('compose.yaml', TWO);
    const port = await portOf('second');
    const stranger = await listen(port);
    const { code, stderr } = await project.run('compose', 'up', '-d');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`port ${port} \\(80/tcp of second\\) is held by .*\\(pid ${process.pid}`),
    );
    await expectNothing();
    await close(stranger);
    expect((await project.run('compose', 'up', '-d')).code).toBe(0);
  });

  it('names the holder of every port that is taken, containers as containers', async () => {
    project.write('compose.yaml', TWO.replace('"8081:80"', '"8081:80", "8082:82/udp"'));
    const { stdout } = await project.run('override', '--json');
    const { ports } = JSON.parse(stdout) as { ports: { service: string; name: string; port: number }[] };
    const [first = 0, second = 0, udp = 0] = ports.map(({ port }) => port);
    const stranger = await listen(first);
    const published = ['-p', `127.0.0.1:${second}:80`, '-p', `${udp}:82/udp`];
    await docker('run', '-d', '--name', 'stranger', ...published, 'portramp/test:1', 'sleep', '1000');
    const { code, stderr } = await project.run('compose', 'up', '-d');
    await docker('rm', '-f', 'stranger');
    await close(stranger);
    expect(code).toBe(1);
    const lines = stderr.split('\n').filter((line) => line.includes(' is held by '));
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      new RegExp(`port ${first} \\(80/tcp of first\\) is held by .*pid ${process.pid}`),
    );
    expect(lines[1]).toBe(`port ${second} (80/tcp of second) is held by the container stranger`);
    expect(lines[2]).toBe(`port ${udp} (82/udp of second) is held by the container stranger`);
    await expectNothing();
  });

  it('is the same project again through a link', async () => {
    project.write('compose.yaml', TWO);
    const linked = join(machine.folder('links'), 'sorry');
    symlinkSync(project.root, linked);
    for (const root of [linked, project.root, linked]) {
      expect((await machine.run(['-C', root, 'compose', 'up', '-d', 'first'])).code).toBe(0);
    }
  });

  it('does not mind a port that it does not start', async () => {
    project.write('compose.yaml', TWO);
    const stranger = await listen(await portOf('second'));
    expect((await project.run('compose', 'up', '-d', 'first')).code).toBe(0);
    await close(stranger);
  });

  it('takes back what was created when the engine finds a port taken that nobody could see', async () => {
    // Of processes, only TCP ports are looked at.
    project.write('compose.yaml', TWO.replace('"8081:80"', '"8081:80/udp"'));
    const port = await portOf('second');
    const stranger = createSocket('udp4');
    await new Promise<void>((settle) => stranger.bind(port, settle));
    const { code, stderr } = await project.run('compose', 'up', '-d');
    await new Promise<void>((settle) => stranger.close(settle));
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/port is already allocated|address already in use/);
    expect(stderr).toContain('removed what was half-started: ');
    await expectNothing();
  });

  it('takes back what the engine was still making when Compose gave up', async () => {
    const bind = '{ type: bind, source: ./nowhere, target: /x, bind: { create_host_path: false } }';
    project.write(
      'compose.yaml',
      `services: { first: { ${SERVER} }, bad: { ${SERVER}, volumes: [${bind}] } }`,
    );
    const slow = await startSlowEngine({
      path: join(machine.folder('engine'), 'd.sock'),
      slow: 'sorry-first-1',
      failing: 'sorry-bad-1',
      until: 'looked at',
    });
    try {
      machine.environment['DOCKER_HOST'] = slow.host;
      const { code, stderr } = await project.run('compose', 'up', '-d');
      expect(code).not.toBe(0);
      expect(stderr).toContain('removed what was half-started: sorry-first-1');
      await expectNothing();
    } finally {
      delete machine.environment['DOCKER_HOST'];
      await slow.close();
    }
  });

  it('says what an unhealthy container printed, and takes everything back', async () => {
    project.write(
      'compose.yaml',
      `
services:
  sick:
    image: portramp/test:1
    stop_signal: SIGKILL
    command: [sh, -c, 'echo the disk is full; exec sleep 1000']
    healthcheck: { test: [CMD, sh, -c, exit 1], interval: 200ms, retries: 2 }
  well: { ${SERVER}, depends_on: { sick: { condition: service_healthy } } }
`,
    );
    const { code, stderr } = await project.run('compose', 'up', '-d');
    expect(code).toBe(1);
    expect(stderr).toContain('sorry-sick-1 is unhealthy; the last lines of its log:\n  the disk is full');
    await expectNothing();
  });

  it('leaves what ran before alone', async () => {
    project.write('compose.yaml', TWO);
    expect((await project.run('compose', 'up', '-d', 'first')).code).toBe(0);
    const [before] = (await docker('ps', '-q')).split('\n');
    project.write('compose.yaml', TWO.replace('ports: ["8081:80"]', 'entrypoint: [/no/such/program]'));
    const { code, stderr } = await project.run('compose', 'up', '-d');
    expect(code).not.toBe(0);
    expect(stderr).toContain('removed what was half-started: sorry-second-1');
    expect(await docker('ps', '-aq')).toBe(before);
  });

  it('starts nothing when an image is not there', async () => {
    project.write(
      'compose.yaml',
      `${TWO}  third: { image: "portramp/nobody-has-this:1", pull_policy: never }\n`,
    );
    const { code, stderr } = await project.run('compose', 'up', '-d');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/nobody-has-this/);
    await expectNothing();
  });

  it('refuses the name of a project whose containers belong to another folder', async () => {
    project.write('compose.yaml', `name: taken\n${TWO}`);
    expect((await project.run('compose', 'up', '-d')).code).toBe(0);
    const other = openWorkspace(machine, machine.folder('other'));
    // Its contract gives it another name than the first one has, so nothing but the project's name is the same.
    other.contract('version: 1\nworkspace: other\nservices:\n  idle: { command: sleep 1, ports: false }\n');
    other.write('compose.yaml', `name: taken\n${TWO}`);
    const { code, stderr } = await other.run('compose', 'up', '-d');
    expect(code).toBe(1);
    expect(stderr).toContain(`the containers of the Compose project "taken" belong to ${project.root}`);
  });

  it('passes on exit codes, output and signals', async () => {
    project.write('compose.yaml', TWO);
    expect((await project.run('compose', 'up', '-d')).code).toBe(0);
    expect(
      await project.run('compose', 'exec', '-T', 'first', 'sh', '-c', 'echo out; exit 42'),
    ).toMatchObject({
      code: 42,
      stdout: 'out\n',
    });
    const talk = 'command: [sh, -c, "while sleep 0.5; do echo still here; done"]';
    project.write('compose.yaml', TWO.replace(/command: \[httpd[^\]]*\]/, talk));
    expect((await project.run('compose', 'up', '-d')).code).toBe(0);
    const following = project.start('compose', 'logs', '--follow', 'first');
    await following.prints(/still here/);
    following.child.kill('SIGINT');
    expect([0, 130]).toContain(await following.ended);
  });

  it.skipIf(!engine.isPrivate)(
    'says that the engine went away, and up works again with the next one',
    async () => {
      project.write('compose.yaml', TWO);
      expect((await project.run('compose', 'up', '-d', 'first')).code).toBe(0);
      await restartEngine(async () => {
        const { code, stderr } = await project.run('compose', 'up', '-d');
        expect(code).not.toBe(0);
        expect(stderr).toMatch(/[Cc]annot connect to the Docker daemon/);
      });
      expect((await project.run('compose', 'up', '-d')).code).toBe(0);
      expect((await docker('ps', '--format', '{{.Names}}')).split('\n').sort()).toEqual([
        'sorry-first-1',
        'sorry-second-1',
      ]);
    },
  );

  it('tells apart an engine that is not there', async () => {
    project.write('compose.yaml', TWO);
    const env = { ...machine.environment, DOCKER_HOST: `unix://${join(machine.home.root, 'nobody.sock')}` };
    const { code, stderr } = await machine.run(['compose', 'up', '-d'], { cwd: project.root, env });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/[Cc]annot connect to the Docker daemon/);
    rmSync(join(project.root, 'compose.yaml'));
    project.write('compose.yaml', TWO);
  });
});

const listen = (port: number): Promise<Server> =>
  new Promise((settle, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => settle(server));
  });

const close = (server: Server): Promise<void> => new Promise((settle) => server.close(() => settle()));
