/** Three checkouts of one awkward Compose project, all up at the same time. */
import { cpSync } from 'node:fs';
import dgram from 'node:dgram';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { createEngineClient } from '../../../src/runtime/engine/client.ts';
import { containersOf as listContainers, type Container } from '../../../src/runtime/engine/containers.ts';
import { openWorkspace, request, type Machine, type Workspace } from '../../process/workspace.ts';
import { findTestEngine, restartEngine } from '../engine.ts';

const FIXTURE = resolve(import.meta.dirname, '../../../fixtures/compose/shop');

/** What the project would publish by itself. */
const ORIGINAL = { tcp: [8080, 8443, 8100, 8101, 9000, 9001, 9002, 7070, 5432, 6379], udp: [5353] };

const engine = await findTestEngine();

interface Described {
  readonly stack: string;
  readonly project: string;
  readonly ports: readonly {
    service: string;
    target: number;
    protocol: string;
    port: number;
    ports?: number;
  }[];
}

describe.skipIf(engine === undefined)('three stacks of one project at once', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  const stacks: Workspace[] = [];

  beforeAll(async () => {
    machine = engine.createMachine();
    const root = machine.folder('shop');
    cpSync(FIXTURE, root, { recursive: true });
    const main = openWorkspace(machine, root);
    await main.git('init', '-q', '-b', 'main');
    await main.git('add', '.');
    await main.git('commit', '-qm', 'shop');
    for (const branch of ['feature/pay', 'fix']) {
      await main.git(
        'worktree',
        'add',
        '-q',
        '-b',
        branch,
        join(root, '..', `tree-${branch.replace('/', '-')}`),
      );
    }
    stacks.push(
      main,
      ...['feature-pay', 'fix'].map((name) => openWorkspace(machine, join(root, '..', `tree-${name}`))),
    );
  });

  afterAll(async () => {
    try {
      for (const stack of stacks) await up(stack, 'down', '--volumes', '--timeout', '0');
      expect(await engine.left()).toEqual([]);
    } finally {
      await machine.close();
    }
  });

  const up = async (stack: Workspace, ...words: string[]) => {
    const result = await stack.run('compose', '--profile', 'tools', ...words);
    if (result.code !== 0) throw new Error(`${words.join(' ')}: ${result.stderr}`);
    return result;
  };
  const describeStack = async (stack: Workspace): Promise<Described> => {
    const { code, stdout, stderr } = await stack.run('override', '--json');
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Described;
  };
  const containersOf = async (stack: Workspace): Promise<Container[]> =>
    listContainers(createEngineClient(process.env, 'docker'), (await describeStack(stack)).project);
  const expectAnswers = async (stack: Workspace): Promise<void> => {
    for (const { service, target, protocol, port, ports = 1 } of (await describeStack(stack)).ports) {
      for (let each = port; each < port + ports; each += 1) {
        const what = `${service} ${target}/${protocol} on ${each}`;
        await eventually(async () =>
          expect(`${what}: ${await ask(protocol, each)}`).toBe(`${what}: answers`),
        );
      }
    }
  };

  it('starts all of them, each under a name of its own', async () => {
    for (const stack of stacks) await up(stack, 'up', '-d');
    const described = await Promise.all(stacks.map(describeStack));
    expect(described.map(({ stack, project }) => [stack, project])).toEqual([
      ['shop', 'shop'],
      ['shop-feature-pay', 'shop-feature-pay'],
      ['shop-fix', 'shop-fix'],
    ]);
    const numbers = described.flatMap(({ ports }) =>
      ports.flatMap(({ port, ports: span = 1 }) => Array.from({ length: span }, (_, index) => port + index)),
    );
    expect(numbers).toHaveLength(3 * (ORIGINAL.tcp.length + ORIGINAL.udp.length));
    expect(new Set(numbers).size).toBe(numbers.length);
  }, 180_000);

  it('answers on every leased port', async () => {
    for (const stack of stacks) await expectAnswers(stack);
  });

  it('leaves every original port closed', async () => {
    for (const port of ORIGINAL.tcp) expect(await ask('tcp', port)).toBe('ECONNREFUSED');
    for (const port of ORIGINAL.udp) expect(await isUdpFree(port)).toBe(true);
  });

  it('keeps the data of the stacks apart, and finds services by released container names', async () => {
    const pages = await Promise.all(
      stacks.map(async (stack) => {
        const { ports } = await describeStack(stack);
        const web = ports.find(({ service, target }) => service === 'web' && target === 80);
        return (await request({ host: '127.0.0.1', port: web?.port })).body.trim();
      }),
    );
    expect(pages.map((page) => page.replace(/ with.*/, ''))).toEqual([
      'web of shop',
      'web of shop-feature-pay',
      'web of shop-fix',
    ]);
    expect(new Set(pages.map((page) => page.replace(/.* with/, ''))).size).toBe(3);
  });

  it('leaves the names of the main checkout as they are, and releases those of the others', async () => {
    const volumes = (await docker('volume', 'ls', '--format', '{{.Name}}')).split('\n');
    expect(volumes.filter((name) => name.includes('data')).sort()).toEqual([
      'shop-data',
      'shop-feature-pay_data',
      'shop-fix_data',
    ]);
    const names = (await docker('ps', '-a', '--format', '{{.Names}}')).split('\n');
    expect(names.filter((name) => /web/.test(name)).sort()).toEqual([
      'shop-feature-pay-web-1',
      'shop-fix-web-1',
      'shop-web',
    ]);
  });

  it('changes nothing at a second up', async () => {
    for (const stack of stacks) {
      const before = (await containersOf(stack)).map(({ id }) => id).sort();
      await up(stack, 'up', '-d');
      expect((await containersOf(stack)).map(({ id }) => id).sort()).toEqual(before);
    }
  });

  it('keeps its numbers when a runner publishes the stack without its containers', async () => {
    const [main] = stacks;
    if (main === undefined) return;
    const before = await describeStack(main);
    main.contract('version: 1\nworkspace: shop\nservices:\n  idle: { command: sleep 1000, ports: false }\n');
    expect((await main.run('dev', '-d')).code).toBe(0);
    expect((await main.run('down')).code).toBe(0);
    expect((await describeStack(main)).ports).toEqual(before.ports);
    await expectAnswers(main);
  });

  it.skipIf(!engine.isPrivate)(
    'has the same numbers after the engine was restarted',
    async () => {
      const before = await Promise.all(stacks.map(describeStack));
      await restartEngine();
      for (const stack of stacks) await expectAnswers(stack);
      expect(await Promise.all(stacks.map(describeStack))).toEqual(before);
    },
    180_000,
  );

  it('takes one down and leaves the others', async () => {
    const [, feature] = stacks;
    if (feature === undefined) return;
    const { ports } = await describeStack(feature);
    await up(feature, 'down', '--timeout', '0');
    for (const { port, protocol } of ports)
      if (protocol === 'tcp') expect(await ask('tcp', port)).toBe('ECONNREFUSED');
    for (const stack of stacks.filter((other) => other !== feature)) await expectAnswers(stack);
  });
});

/** `answers`, or the error. A UDP service sends back what it gets; a TCP one speaks HTTP. */
async function ask(protocol: string, port: number): Promise<string> {
  if (protocol === 'udp') return askUdp(port);
  return new Promise((settle) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(2_000, () => socket.destroy(new Error('timeout')));
    socket.once('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    // The engine's own proxy accepts for a container that is not there yet: only an answer counts.
    socket.once('data', () => {
      settle('answers');
      socket.destroy();
    });
    socket.once('close', () => settle('closed'));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
  });
}

function askUdp(port: number): Promise<string> {
  return new Promise((settle) => {
    const socket = dgram.createSocket('udp4');
    const timer = setTimeout(() => end('timeout'), 1_000);
    const end = (result: string): void => {
      clearTimeout(timer);
      socket.close(() => settle(result));
    };
    socket.once('message', (text) => end(String(text) === 'hello' ? 'answers' : 'nonsense'));
    socket.once('error', (error) => end(error.message));
    socket.send('hello', port, '127.0.0.1');
  });
}

function isUdpFree(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = dgram.createSocket('udp4');
    socket.once('error', () => settle(false));
    socket.bind(port, '0.0.0.0', () => socket.close(() => settle(true)));
  });
}
