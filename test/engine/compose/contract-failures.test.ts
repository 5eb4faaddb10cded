/** What can go wrong with the containers of a contract while it runs. */
import { chmodSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { type Machine, type Workspace } from '../../process/workspace.ts';
import { findTestEngine, restartEngine } from '../engine.ts';
import { startSlowEngine } from '../slow-engine.ts';

const engine = await findTestEngine();

const SERVER = 'image: portramp/test:1, stop_signal: SIGKILL, command: [httpd, -f, -p, "80", -h, /www]';
/** The engine refuses to make such a container. */
const NOWHERE = 'volumes: [{ type: bind, source: ./nowhere, target: /x, bind: { create_host_path: false } }]';
const CONTRACT = `version: 1
workspace: sorry
services:
  idle: { command: sleep 1000, ports: false }
  web: { compose: web }
`;

describe.skipIf(engine === undefined)('portramp dev with containers', () => {
  if (engine === undefined) return;
  const { docker, limitsMemory } = engine;
  let machine: Machine;
  let stack: Workspace;

  beforeEach(() => {
    machine = engine.createMachine();
    stack = machine.workspace('sorry', CONTRACT);
  });
  afterEach(async () => {
    try {
      await stack.run('down');
      expect(await docker('ps', '-a', '--format', '{{.Names}}')).toBe('');
    } finally {
      await machine.close();
    }
  });

  const failureOf = async (name: string): Promise<string> => {
    const { failure } = await stack.until(name, 'failed', 60_000);
    return `${failure?.message}\n${failure?.hint}\n${failure?.log.join('\n')}`;
  };

  /** What fails instead is shown with its reason. */
  const expectReady = async (...names: readonly string[]): Promise<void> => {
    for (const name of names) {
      const { state, failure } = await eventually(async () => {
        const service = await stack.service(name);
        expect(['ready', 'failed']).toContain(service.state);
        return service;
      });
      expect({ name, state, failure }).toEqual({ name, state: 'ready', failure: undefined });
    }
  };

  it('names who holds a leased port, starts the rest, and starts the container when the port is free', async () => {
    stack.write('compose.yaml', `services: { web: { ${SERVER}, ports: ["8080:80"] } }`);
    const { stdout } = await stack.run('override', '--json');
    const [port] = (JSON.parse(stdout) as { ports: { port: number }[] }).ports;
    const stranger = createServer();
    await new Promise<void>((settle) => stranger.listen(port?.port, '127.0.0.1', settle));
    stack.start('dev');
    expect(await failureOf('web')).toMatch(
      new RegExp(`port ${port?.port} \\(http\\) is held by .*\\(pid ${process.pid}`),
    );
    await stack.until('idle', 'ready');
    expect(await docker('ps', '-aq')).toBe('');
    await new Promise((settle) => stranger.close(settle));
    expect((await stack.run('start', 'web')).code).toBe(0);
    await stack.until('web', 'ready');
  });

  it('names the container that has a leased port, and every other port that is taken', async () => {
    stack.write('compose.yaml', `services: { web: { ${SERVER}, ports: ["8080:80", "8443:443"] } }`);
    const { stdout } = await stack.run('override', '--json');
    const [first = 0, second = 0] = (JSON.parse(stdout) as { ports: { port: number }[] }).ports.map(
      ({ port }) => port,
    );
    const published = [first, second].flatMap((port) => ['-p', `127.0.0.1:${port}:80`]);
    await docker('run', '-d', '--name', 'stranger', ...published, 'portramp/test:1', 'sleep', '1000');
    stack.start('dev');
    const failure = await failureOf('web');
    await docker('rm', '-f', 'stranger');
    expect(failure).toMatch(
      new RegExp(
        `port ${first} \\(.*\\) is held by the container stranger; port ${second} \\(.*\\) is held by the container stranger\n.*end them: docker stop stranger; then: portramp start (--stack sorry )?web`,
      ),
    );
  });

  it('says that an image is not there, and leaves nothing', async () => {
    stack.write(
      'compose.yaml',
      'services: { web: { image: "portramp/nobody-has-this:1", pull_policy: never } }',
    );
    stack.start('dev');
    const failure = await failureOf('web');
    expect(failure.match(/nobody-has-this/g)).toHaveLength(2);
    expect(failure).toContain('\ndocker pull portramp/nobody-has-this:1, or have it built');
    expect(await docker('ps', '-aq')).toBe('');
  });

  it.skipIf(!limitsMemory)(
    'calls it so when one uses more memory than it may, and not when somebody stops one that was spared',
    async () => {
      // No more than 64 MiB, also where the engine sets no limit.
      const eat = 'x=0123456789abcdef; until [ $${#x} -ge 67108864 ]; do x=$$x$$x; done';
      const base = 'image: portramp/test:1, init: true, stop_grace_period: 0s, mem_limit: 24m';
      const once = 'until [ -e /tmp/eat ]; do sleep 0.1; done';
      stack.contract(`${CONTRACT}  child: { compose: child }\n  loop: { compose: loop }\n`);
      stack.write(
        'compose.yaml',
        `services:
  web: { ${base}, command: [sh, -c, '${once}; ${eat}'] }
  loop: { ${base}, restart: always, command: [sh, -c, '${once}; ${eat}'] }
  child: { ${base}, command: [sh, -c, '${once}; (${eat}); : > /tmp/ate; exec sleep 1000'] }
`,
      );
      expect((await stack.run('dev', '-d')).code).toBe(0);
      for (const name of ['web', 'loop', 'child'])
        await docker('exec', `sorry-${name}-1`, 'sh', '-c', ': > /tmp/eat');
      expect(await failureOf('web')).toMatch(
        /because it used more memory than it may \(exit code 137\)\nraise/,
      );
      expect((await stack.run('why', 'web')).stdout).toContain('used more memory than it may');
      await eventually(async () => {
        expect((await stack.run('why', 'loop')).stdout).toContain(
          'uses more memory than it may, and the engine',
        );
      });
      await eventually(() => docker('exec', 'sorry-child-1', 'test', '-e', '/tmp/ate'));
      expect((await stack.service('child')).state).toBe('ready');
      await docker('stop', '-t', '0', 'sorry-child-1');
      expect(await failureOf('child')).toContain('sorry-child-1 was stopped from outside of portramp');
    },
  );

  it('starts all that waits for nothing by one call, and one that fails takes no other with it', async () => {
    const names = ['web', 'b', 'c', 'd'];
    const services = names.map((name) => `  ${name}: { compose: ${name} }\n`).join('');
    stack.contract(`version: 1\nworkspace: sorry\nservices:\n${services}`);
    const files = (images: readonly string[]): string =>
      `services:\n${images.map((image, index) => `  ${names[index]}: { ${SERVER.replace('portramp/test:1', image)}, ports: ["80"], pull_policy: never }\n`).join('')}`;
    const there = names.map(() => 'portramp/test:1');
    stack.write('compose.yaml', files(there));
    const words = engine.compose.command.map((word) => `'${word}'`).join(' ');
    stack.write('counted', `#!/bin/sh\necho " $* " >>"${stack.root}/calls"\nexec ${words} "$@"\n`);
    chmodSync(join(stack.root, 'counted'), 0o755);
    machine.environment['PORTRAMP_COMPOSE'] = join(stack.root, 'counted');
    expect((await stack.run('dev', '-d')).code).toBe(0);
    const calls = readFileSync(join(stack.root, 'calls'), 'utf8').split('\n');
    expect(calls.filter((call) => call.includes(' up '))).toHaveLength(1);
    expect((await stack.run('down')).code).toBe(0);
    stack.write('compose.yaml', files(['portramp/test:1', 'portramp/nobody-has-this:1', ...there.slice(2)]));
    expect((await stack.run('dev', '-d')).code).toBe(1);
    expect(await failureOf('b')).toContain('no such image: portramp/nobody-has-this:1\n');
    await expectReady('web', 'c', 'd');
    expect(await docker('ps', '-aq', '--filter', 'name=sorry-b')).toBe('');
  });

  it('starts what the engine was still making when another failed and Compose gave up', async () => {
    stack.contract(CONTRACT.replace('{ compose: web }', '{ compose: web }\n  bad: { compose: bad }'));
    stack.write(
      'compose.yaml',
      `services: { web: { ${SERVER}, ports: ["80"] }, bad: { ${SERVER}, ${NOWHERE} } }`,
    );
    const slow = await startSlowEngine({
      path: join(machine.folder('engine'), 'd.sock'),
      slow: 'sorry-web-1',
      failing: 'sorry-bad-1',
      until: 'asked',
    });
    try {
      machine.environment['DOCKER_HOST'] = slow.host;
      expect((await stack.run('dev', '-d')).code).toBe(1);
      expect(await failureOf('bad')).toContain('bind source path does not exist');
      await expectReady('web');
      expect(slow.refused).toBe(1);
      expect(await docker('ps', '-a', '--format', '{{.Names}}')).toBe('sorry-web-1');
    } finally {
      // The runner knows the engine by that socket.
      await stack.run('down');
      delete machine.environment['DOCKER_HOST'];
      await slow.close();
    }
  });

  it('removes containers where that is asked for while it ends already, and would have let them run on', async () => {
    const patient = "trap 'while [ ! -e go ]; do sleep 0.1; done; exit' TERM; while :; do sleep 0.1; done";
    stack.contract(
      CONTRACT.replace('command: sleep 1000', `command: ${JSON.stringify(patient)}, stop: { timeout: 60s }`),
    );
    stack.write('compose.yaml', `services: { web: { ${SERVER}, ports: ["80"] } }`);
    const dev = stack.start('dev');
    await expectReady('web');
    dev.child.kill('SIGINT');
    await stack.until('idle', 'stopping');
    const down = stack.start('down');
    await eventually(() =>
      expect(dev.output).toMatch(/containers run on.+containers are removed after all/s),
    );
    stack.write('go', '');
    expect([await down.ended, await dev.ended]).toEqual([0, 0]);
    expect(await docker('ps', '-aq')).toBe('');
  });

  it('is not ready while the healthcheck fails, and tells what it says', async () => {
    stack.contract(CONTRACT.replace('{ compose: web }', '{ compose: web, ready: { timeout: 3s } }'));
    stack.write(
      'compose.yaml',
      `services: { web: { ${SERVER}, ports: ["80"], healthcheck: { test: [CMD, sh, -c, exit 1], interval: 200ms, retries: 2 } } }`,
    );
    stack.start('dev');
    expect(await failureOf('web')).toMatch(/not ready after 3 s: its healthcheck says: (starting|unhealthy)/);
  });

  it('does not take the engine’s own proxy for the service behind it', async () => {
    const slow = 'command: [sh, -c, "sleep 2; exec httpd -f -p 80 -h /www"]';
    stack.write('compose.yaml', `services: { web: { ${SERVER.replace(/command.*/, slow)}, ports: ["80"] } }`);
    const before = Date.now();
    stack.start('dev');
    await stack.until('web', 'ready');
    expect(Date.now() - before).toBeGreaterThan(2_000);
  });

  it.skipIf(!engine.isPrivate)(
    'shows that the engine went away, keeps processes running, and goes on with the next one',
    async () => {
      stack.write('compose.yaml', `services: { web: { ${SERVER}, ports: ["80"] } }`);
      stack.start('dev');
      await stack.until('web', 'ready');
      const { pid } = await stack.until('idle', 'ready');
      await restartEngine(async () => {
        await eventually(async () => {
          const { state, failure } = await stack.service('web');
          expect(['unwell', 'failed']).toContain(state);
          expect(failure?.message).toMatch(/the container engine does not answer at|exited with code/);
        });
        expect((await stack.service('idle')).pid).toBe(pid);
        const { stdout } = await stack.run('why', 'web');
        expect(stdout).toMatch(/the container engine does not answer at|exited with code/);
      });
      const { failure } = await stack.until('web', 'failed');
      expect(failure?.message).toMatch(
        /the container engine was stopped|stopped from outside|exited with code/,
      );
      expect((await stack.run('start', 'web')).code).toBe(0);
      await stack.until('web', 'ready');
    },
  );

  it.skipIf(!engine.isPrivate)(
    'lets containers reach a process that was ready before there was an engine',
    async () => {
      stack.contract(`version: 1
workspace: sorry
services:
  api: { command: [${process.execPath}, server.js] }
  web: { compose: web, consumes: [api] }
`);
      stack.write(
        'server.js',
        "require('node:http').createServer((_, answer) => answer.end('hello')).listen(process.env.PORT, process.env.HOST);\n",
      );
      stack.write('compose.yaml', `services: { web: { ${SERVER}, ports: ["80"] } }`);
      await restartEngine(async () => {
        stack.start('dev');
        await stack.until('web', 'failed', 60_000);
        await stack.until('api', 'ready');
      });
      expect((await stack.run('start', 'web')).code).toBe(0);
      await stack.until('web', 'ready');
      await eventually(async () =>
        expect(await docker('exec', 'sorry-web-1', 'sh', '-c', 'wget -qO- $API_URL')).toBe('hello'),
      );
    },
  );

  it('says that no engine answers', async () => {
    stack.write('compose.yaml', `services: { web: { ${SERVER}, ports: ["80"] } }`);
    const env = { ...machine.environment, DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    machine.start(['dev'], { cwd: stack.root, env });
    expect(await failureOf('web')).toMatch(
      /does not answer at \/nowhere\/docker\.sock: there is no such socket\n.*start Docker/,
    );
    await stack.until('idle', 'ready');
  });

  it.each([
    ['invalid YAML', 'services: [', {}, /yaml|Compose says/i],
    [
      'an old Compose',
      `services: { web: { ${SERVER} } }`,
      { old: true },
      /Docker Compose is too old: .* is 2\.24\.3/,
    ],
  ])('starts nothing at all with %s', async (_name, text, { old = false }: { old?: boolean }, expected) => {
    stack.write('compose.yaml', text);
    stack.write('old-compose', '#!/bin/sh\necho 2.24.3\n');
    chmodSync(join(stack.root, 'old-compose'), 0o755);
    const env = {
      ...machine.environment,
      ...(old ? { PORTRAMP_COMPOSE: join(stack.root, 'old-compose') } : {}),
    };
    for (const words of [['dev'], ['dev', '-d']]) {
      const { code, stderr, stdout } = await machine.run(words, { cwd: stack.root, env });
      expect(code).not.toBe(0);
      expect(stdout + stderr).toMatch(expected);
      expect(stdout + stderr).toMatch(/hint: /);
    }
    expect((await machine.ls()).stacks).toEqual([]);
    expect(await docker('ps', '-aq')).toBe('');
    // What is left in the checkout must not keep the teardown from its work.
    stack.write('compose.yaml', `services: { web: { ${SERVER} } }`);
  });
});
