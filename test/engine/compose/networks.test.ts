/** Networks of containers that somebody changes behind portramp's back, and containers that share the network of another. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import type { Machine, Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const CONTRACT = `version: 1
workspace: nets
services:
  gate: { compose: gateway }
  side: { compose: side }
`;
const BASE = `image: ${IMAGE}, init: true, stop_grace_period: 0s`;
const SERVER = `${BASE}, command: [httpd, -f, -p, "80", -h, /www]`;
const SLEEPER = `${BASE}, command: [sleep, "1000"]`;

const projectWith = (value: string): string => `
services:
  gateway: { ${SERVER}, ports: ["80"], networks: [front, back], volumes: [/data], environment: { VALUE: ${value} } }
  side: { ${SLEEPER}, network_mode: "service:gateway" }
  again: { ${SLEEPER}, depends_on: { gateway: { condition: service_started, restart: true } } }
  stays: { ${SLEEPER}, depends_on: [gateway] }
networks: { front: {}, back: {} }
`;
const ALL = ['gate', 'side', 'again', 'stays'];

describe.skipIf(engine === undefined)('networks of containers', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let stack: Workspace;

  beforeEach(async () => {
    machine = engine.createMachine();
    stack = machine.workspace('nets', CONTRACT);
    stack.write('compose.yaml', projectWith('one'));
    await ok('dev', '-d');
  });
  afterEach(async () => {
    try {
      await stack.run('down', '--volumes');
      expect(await engine.left()).toEqual([]);
    } finally {
      await machine.close();
    }
  });

  const ok = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await stack.run(...words);
    expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: expect.anything() });
    return stdout;
  };
  const allReady = async (): Promise<void> => {
    for (const name of ALL) await stack.until(name, 'ready');
  };
  /** What is told of a service that runs and reaches nobody: `ls`, `why`. */
  const complaint = async (name: string): Promise<string> => {
    const { failure } = await stack.until(name, 'unwell');
    expect((await stack.run('why', name)).stdout).toContain(failure?.message.split(': ').at(0));
    return failure?.message ?? '';
  };
  /** What shares the network of the server finds it on its own loopback. */
  const sharesNetwork = (): Promise<string> =>
    docker('exec', 'nets-side-1', 'wget', '-qO-', 'http://127.0.0.1:80/');
  const reaches = async (): Promise<void> => {
    // The server knows no such page, and says so: that is an answer.
    await expect(sharesNetwork()).rejects.toThrow(/404|403/);
  };
  const startedAt = (name: string): Promise<string> =>
    docker('inspect', '-f', '{{.State.StartedAt}}', `nets-${name}-1`);
  const networksOf = (name: string): Promise<string> =>
    docker(
      'inspect',
      '-f',
      '{{range $key, $_ := .NetworkSettings.Networks}}{{$key}} {{end}}',
      `nets-${name}-1`,
    );

  it('one of two that a container is taken off is missed, and restart puts it back', async () => {
    await docker('network', 'disconnect', 'nets_back', 'nets-gateway-1');
    const told = await complaint('gate');
    expect(told).toMatch(
      /nets-gateway-1 is not on the network nets_back: "portramp restart (--stack \S+ )?gate"/,
    );
    await ok('restart', 'gate');
    await allReady();
    expect(await networksOf('gateway')).toBe('nets_back nets_front');
    await reaches();
  });

  describe('one that is shared', () => {
    it('dies when the container that has it is started again; restart of the other heals', async () => {
      await reaches();
      await docker('restart', '-t', '0', 'nets-gateway-1');
      expect(await complaint('side')).toMatch(/nets-side-1 has the network that nets-gateway-1 had before/);
      await ok('restart', 'side');
      await stack.until('side', 'ready');
      await reaches();
    });

    it('is gone with that container; start of the other makes all that share it anew', async () => {
      await docker('rm', '-f', 'nets-gateway-1');
      const { failure } = await stack.until('gate', 'failed');
      expect(failure?.message).toMatch(
        /nets-gateway-1 was removed from outside of portramp; kept a volume without a name, of gate \(docker volume inspect \w{64}\)/,
      );
      expect(await complaint('side')).toMatch(/of one that is gone: "portramp restart (--stack \S+ )?side"/);
      const stays = await startedAt('stays');
      expect(await ok('start', 'gate')).toMatch(/^side is ready$/m);
      await allReady();
      await reaches();
      expect(await startedAt('stays')).toBe(stays);
      // One that runs is not started again, nor what follows it.
      const side = await startedAt('side');
      await ok('start', 'gate');
      expect(await startedAt('side')).toBe(side);
    });

    it('ends with that container, which is named', async () => {
      await docker('stop', '-t', '0', 'nets-gateway-1');
      expect(await complaint('side')).toMatch(
        /has the network of nets-gateway-1, which does not run: start that/,
      );
      await ok('start', 'gate');
      await ok('restart', 'side');
      await stack.until('side', 'ready');
      await reaches();
    });

    it('is healed by a restart of the one that has it', async () => {
      await docker('rm', '-fv', 'nets-gateway-1');
      await stack.until('gate', 'failed');
      await ok('restart', 'gate');
      await allReady();
      await reaches();
    });
  });

  describe('and what starts again with another', () => {
    const times = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        await Promise.all(
          ['gateway', 'side', 'again', 'stays'].map(async (name) => [name, await startedAt(name)] as const),
        ),
      );
    const expectFollowed = async (before: Record<string, string>): Promise<void> => {
      await eventually(async () => {
        const now = await times();
        for (const name of ['gateway', 'side', 'again']) expect(now[name]).not.toBe(before[name]);
      });
      await allReady();
      expect((await times())['stays']).toBe(before['stays']);
      await reaches();
    };

    it('does so by restart: what shares a network, or has restart: true; no other, nor what was stopped', async () => {
      const before = await times();
      const told = await ok('restart', 'gate');
      for (const name of ['gate', 'side', 'again']) expect(told).toMatch(new RegExp(`^${name}\\b`, 'm'));
      await expectFollowed(before);
      await ok('stop', 'again');
      await ok('restart', 'gate');
      expect((await stack.service('again')).state).toBe('idle');
    });

    it('does so by an edit, also where it failed because the other did', async () => {
      const before = await times();
      stack.write('compose.yaml', projectWith('two'));
      await expectFollowed(before);
      expect((await stack.run('logs', 'side')).stdout).toContain('starts again, because gate does');
      stack.write('compose.yaml', projectWith('two').replace('[httpd,', '[no-such-program,'));
      await stack.until('gate', 'failed');
      await eventually(async () =>
        expect(['failed', 'unwell']).toContain((await stack.service('side')).state),
      );
      stack.write('compose.yaml', projectWith('two'));
      await allReady();
      await reaches();
    });
  });

  it('that are removed while nothing runs are made again by start, and the data is kept', async () => {
    await docker('exec', 'nets-gateway-1', 'sh', '-c', 'echo here > /data/mark');
    await ok('stop', ...ALL);
    await docker('network', 'prune', '-f');
    await ok('start', ...ALL);
    await allReady();
    expect(await docker('exec', 'nets-gateway-1', 'cat', '/data/mark')).toBe('here');
    await reaches();
  });

  it('that are others of the same name by then are joined by start, and the data is kept', async () => {
    await docker('exec', 'nets-gateway-1', 'sh', '-c', 'echo here > /data/mark');
    await ok('stop', ...ALL);
    await docker('network', 'prune', '-f');
    await docker(
      'network',
      'create',
      'nets_front',
      '--label',
      'com.docker.compose.network=front',
      '--label',
      'com.docker.compose.project=nets',
    );
    await ok('start', 'gate');
    expect(await docker('exec', 'nets-gateway-1', 'cat', '/data/mark')).toBe('here');
    await ok('start', ...ALL);
    await allReady();
  });
});
