/** What a person does with `docker` behind portramp's back is seen: by `ls`, `why`, the routes, and what is done next. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import type { Machine, Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine, restartEngine } from '../engine.ts';

const engine = await findTestEngine();

const SERVER = `image: ${IMAGE}, init: true, stop_grace_period: 1s, command: [httpd, -f, -p, "80", -h, /www]`;
const HEALTH = 'healthcheck: { test: [CMD, test, -d, /www], interval: 1s, retries: 2 }';

const PROJECT = `
services:
  web: { ${SERVER}, ports: ["18080:80"] }
  checked: { ${SERVER}, ports: ["18081:80"], ${HEALTH} }
  always: { ${SERVER}, ports: ["80"], restart: always }
`;

const CONTRACT = `version: 1
workspace: behind
compose: { include: all }
services:
  web: { compose: web }
  api: { command: sleep 1000, ports: false, consumes: [web] }
  page: { command: sleep 1000, ports: false, consumes: [api] }
`;

describe.skipIf(engine === undefined)('behind the back of portramp', () => {
  let machine: Machine;
  let stack: Workspace;
  const docker = (...words: string[]): Promise<string> =>
    engine?.docker(...words) ?? Promise.reject(new Error('there is no engine'));

  beforeAll(async () => {
    if (engine === undefined) return;
    machine = engine.createMachine();
    stack = machine.workspace('behind', CONTRACT);
    stack.write('compose.yaml', PROJECT);
    expect((await stack.run('dev', '-d')).code).toBe(0);
  });

  afterEach(async () => {
    // Each case leaves everything as it found it.
    for (const name of ['web', 'checked', 'always']) await stack.until(name, 'ready');
  });

  afterAll(async () => {
    await machine?.run(['down', '--all']);
    await machine?.close();
    if (engine !== undefined) expect(await engine.left()).toEqual([]);
  });

  const answers = async (): Promise<void> =>
    eventually(async () => expect((await machine.get('web.behind.localhost')).status).not.toBe(502));
  const told = async (name: string): Promise<string> => (await stack.run('logs', name)).stdout;
  const failureOf = async (name: string, state: 'failed' | 'unwell'): Promise<string> => {
    const { failure } = await stack.until(name, state);
    const text = `${failure?.message}\n${failure?.hint ?? ''}`;
    // What `ls` shows is what `why` says.
    expect((await stack.run('why', name)).stdout).toContain(failure?.message.split(': ').at(-1));
    return text;
  };

  /** Milliseconds between the end of a container and its start after that, as the engine has them. */
  const gapOf = async (name: string): Promise<number> => {
    const format = '{{.State.FinishedAt}} {{.State.StartedAt}}';
    const [ended = NaN, began = NaN] = (await docker('inspect', '-f', format, `behind-${name}-1`))
      .split(' ')
      .map((text) => Date.parse(text));
    return began - ended;
  };

  it('docker restart, and that of portramp compose, are no end', async () => {
    for (const name of ['web', 'checked']) {
      const { restarts } = await stack.service(name);
      const before = await told(name);
      await docker('restart', '-t', '1', `behind-${name}-1`);
      const gaps = [await gapOf(name)];
      await stack.until(name, 'ready');
      expect((await stack.run('compose', 'restart', '-t', '1', name)).code).toBe(0);
      gaps.push(await gapOf(name));
      await stack.until(name, 'ready');
      await answers();
      // An engine that takes longer than that has it ended, and taken over when it is back.
      const words = /exited|stopped from outside/;
      const text = (await told(name)).slice(before.length);
      if (Math.max(...gaps) < 1_500) expect(text).not.toMatch(words);
      else
        expect(
          text.replaceAll(/^.*(exited|stopped from outside)[^]*?it runs, and is taken over/gm, ''),
        ).not.toMatch(words);
      expect((await stack.service(name)).restarts).toBe(restarts);
    }
  });

  it('docker pause is not ready', async () => {
    for (const name of ['web', 'checked']) {
      await docker('pause', `behind-${name}-1`);
      expect(await failureOf(name, 'unwell')).toContain(`is paused: docker unpause behind-${name}-1`);
      await docker('unpause', `behind-${name}-1`);
      await stack.until(name, 'ready');
    }
  });

  it('docker pause is what why leads to, from all that need the container', async () => {
    await docker('pause', 'behind-web-1');
    await stack.until('web', 'unwell');
    const cure =
      /needs web \(ready\), which is unwell: .*its container is paused: (docker unpause behind-web-1)/;
    for (const name of ['api', 'page']) {
      const { code, stdout } = await stack.run('why', name);
      expect(stdout).toMatch(new RegExp(`^${name} ready`));
      expect([code, cure.exec(stdout)?.[1]]).toEqual([1, 'docker unpause behind-web-1']);
    }
    await docker('unpause', 'behind-web-1');
    await stack.until('web', 'ready');
    expect(await stack.run('why', 'page')).toMatchObject({ code: 0 });
  });

  it('docker network disconnect is not ready, and restart puts the container back', async () => {
    const expectHealed = async (name: string): Promise<void> => {
      expect((await stack.run('restart', name)).code).toBe(0);
      await stack.until(name, 'ready');
      await answers();
    };
    await docker('network', 'disconnect', 'behind_default', 'behind-web-1');
    const text = await failureOf('web', 'unwell');
    expect(text).toMatch(/behind-web-1 is on no network any more: .*portramp restart (--stack \S+ )?web/);
    await docker('network', 'connect', 'behind_default', 'behind-web-1');
    await stack.until('web', 'ready');
    await docker('network', 'disconnect', 'behind_default', 'behind-web-1');
    await stack.until('web', 'unwell');
    await expectHealed('web');
  });

  it('docker kill and docker stop are called by their name, and docker start is taken over', async () => {
    for (const verb of ['kill', 'stop']) {
      await docker(verb, 'behind-web-1');
      const text = await failureOf('web', 'failed');
      expect(text).toMatch(
        /behind-web-1 was stopped from outside of portramp \(exit code \d+\)\nstart it again/,
      );
      await docker('start', 'behind-web-1');
      await stack.until('web', 'ready');
      expect(await told('web')).toContain('it runs, and is taken over as it is');
      await answers();
    }
  });

  it('what was stopped by portramp and started by hand runs', async () => {
    expect((await stack.run('stop', 'web')).code).toBe(0);
    await stack.until('web', 'idle');
    await docker('start', 'behind-web-1');
    await stack.until('web', 'ready');
  });

  it('docker rm is called that, and start makes a new one', async () => {
    await docker('rm', '-f', 'behind-web-1');
    expect(await failureOf('web', 'failed')).toContain('behind-web-1 was removed from outside of portramp');
    expect((await stack.run('start', 'web')).code).toBe(0);
  });

  it('docker rename changes nothing', async () => {
    const before = await stack.service('web');
    await docker('rename', 'behind-web-1', 'renamed');
    await docker('rename', 'renamed', 'behind-web-1');
    await answers();
    expect(await stack.service('web')).toEqual(before);
  });

  it('docker compose up by hand moves the port: both numbers are said, and restart puts it right', async () => {
    const [lease] = (await stack.service('web')).ports;
    const [program, ...first] = engine?.compose.command ?? ['docker'];
    const { execFile } = await import('node:child_process');
    const { promisify } = await import('node:util');
    const words = [...first, '-f', `${stack.root}/compose.yaml`, 'up', '-d', 'web', 'checked'];
    await promisify(execFile)(program, words, { cwd: stack.root });
    const text = await failureOf('web', 'unwell');
    expect(text).toContain(`publishes 80 on port 18080 instead of ${lease?.targetPort}`);
    expect(text).toMatch(/portramp restart (--stack \S+ )?web/);
    expect(await failureOf('checked', 'unwell')).toMatch(/portramp restart (--stack \S+ )?checked/);
    for (const name of ['web', 'checked']) {
      expect((await stack.run('restart', name)).code).toBe(0);
      await stack.until(name, 'ready');
    }
    await answers();
  });

  it('replicas of one command move no number for good: restart puts it right, and touches nothing else', async () => {
    const [lease] = (await stack.service('web')).ports;
    const other = await docker('inspect', '-f', '{{.Id}} {{.State.StartedAt}}', 'behind-checked-1');
    expect((await stack.run('compose', 'up', '-d', '--scale', 'web=2', 'web')).code).toBe(0);
    expect(await docker('port', 'behind-web-2', '80/tcp')).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await stack.run('restart', 'web')).code).toBe(0);
    await stack.until('web', 'ready');
    // Which of the two is left is up to Compose.
    const service = 'label=com.docker.compose.service=web';
    expect(await docker('ps', '-a', '--filter', service, '--format', '{{.Ports}}')).toBe(
      `127.0.0.1:${lease?.targetPort}->80/tcp`,
    );
    const name = await docker('ps', '--filter', service, '--format', '{{.Names}}');
    if (name !== 'behind-web-1') await docker('rename', name, 'behind-web-1');
    await answers();
    expect((await stack.service('web')).ports).toEqual([lease]);
    expect(await docker('inspect', '-f', '{{.Id}} {{.State.StartedAt}}', 'behind-checked-1')).toBe(other);
  });

  it.skipIf(engine?.isPrivate !== true)('an engine that goes and comes back', async () => {
    await restartEngine(async () => {
      await eventually(async () => {
        const { state, failure } = await stack.service('checked');
        expect(`${state} ${failure?.message}`).toMatch(
          /unwell .*the container engine does not answer|failed/,
        );
      });
    });
    await stack.until('always', 'ready');
    for (const name of ['web', 'checked']) {
      expect(await failureOf(name, 'failed')).toMatch(
        /the container engine was stopped|stopped from outside|exited/,
      );
      await docker('start', `behind-${name}-1`);
    }
  });
});
