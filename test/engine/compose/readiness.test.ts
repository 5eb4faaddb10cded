/** When a container counts as ready: its healthcheck, the words of well-known servers, an answer, or that it runs. */
import dgram from 'node:dgram';
import { once } from 'node:events';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { type Machine, type Workspace } from '../../process/workspace.ts';
import { findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

/** Says one thing until it is told to be ready, and another after that; waits for a question unless it speaks first. */
const TALKER = `
socket(S,2,1,6); setsockopt(S,1,2,1); bind(S,pack("S n a4 x8",2,$$ENV{PORT},"\\0\\0\\0\\0")) or die; listen(S,9);
while(accept(C,S)){ sysread(C,$$x,99) unless $$ENV{FIRST};
syswrite(C,pack("H*",-e "/data/late" ? $$ENV{LATE} : $$ENV{EARLY})); close C }`;

const ECHO = `socket(S,2,2,17); bind(S,pack("S n a4 x8",2,53,"\\0\\0\\0\\0")) or die; while($$from=recv(S,$$text,999,0)){send(S,$$text,0,$$from)}`;

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const talker = (image: string, port: number, early: string, late: string, more = ''): string => `
    image: portramp/${image}:1
    stop_signal: SIGKILL
    command: [perl, -e, '${TALKER.replaceAll('\n', ' ')}']
    ports: ["${port}"]
    environment: { PORT: "${port}", EARLY: "${hex(early)}", LATE: "${hex(late)}"${more} }`;

const COMPOSE = `
services:
  postgres:${talker('postgres', 5432, 'E', 'N')}
  redis:${talker('redis', 6379, '-LOADING data\r\n', '+PONG\r\n')}
  mysql:${talker('mysql', 3306, '\x05\0\0\0\xff', '\x05\0\0\0\x0a', ', FIRST: "1"')}
  # Nothing is known of it: a connection that lasts is enough.
  other: { image: "portramp/test:1", stop_signal: SIGKILL, command: [sh, -c, "while ! test -e /data/late; do sleep 0.1; done; exec httpd -f -p 9000 -h /www"], ports: ["9000"] }
  names: { image: "portramp/test:1", stop_signal: SIGKILL, command: [perl, -e, '${ECHO}'], ports: ["5353:53/udp"] }
  checked:
    image: portramp/test:1
    stop_signal: SIGKILL
    command: [perl, -e, '${ECHO}']
    ports: ["5354:53/udp"]
    healthcheck: { test: [CMD, test, -e, /data/healthy], interval: 200ms, retries: 100 }
  silent: { image: "portramp/test:1", stop_signal: SIGKILL, command: [sleep, "1000"] }
  loop: { image: "portramp/test:1", stop_signal: SIGKILL, command: [sh, -c, "while ! test -e /data/end; do sleep 0.1; done; exit 3"], restart: always }
`;

const CONTRACT = `version: 1
workspace: eager
services:
  pg: { compose: postgres }
  other: { compose: other, ports: { raw: { container: 9000, appProtocol: tcp } } }
`;

const IMAGES = ['postgres', 'redis', 'mysql'];

describe.skipIf(engine === undefined)('a container', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let stack: Workspace;

  beforeAll(async () => {
    for (const name of IMAGES) await docker('tag', 'portramp/test:1', `portramp/${name}:1`);
    machine = engine.createMachine();
    stack = machine.workspace('eager', CONTRACT);
    stack.write('compose.yaml', COMPOSE);
    stack.start('dev');
  });
  afterAll(async () => {
    try {
      await stack.run('down');
      expect(await engine.left()).toEqual([]);
      for (const name of IMAGES) await docker('rmi', `portramp/${name}:1`);
    } finally {
      await machine.close();
    }
  });

  it('that publishes UDP only, or nothing, is ready when it runs, and answers', async () => {
    await stack.until('silent', 'ready', 60_000);
    await stack.until('names', 'ready', 60_000);
    const { stdout } = await stack.run('override', '--json');
    const { ports } = JSON.parse(stdout) as { ports: { service: string; port: number }[] };
    const socket = dgram.createSocket('udp4');
    socket.send('hello', ports.find(({ service }) => service === 'names')?.port ?? 0, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    expect(String(answer)).toBe('hello');
  });

  it('that publishes UDP only waits for its healthcheck where it has one', async () => {
    expect((await stack.service('checked')).state).toBe('warming');
    await docker('exec', 'eager-checked-1', 'sh', '-c', 'echo > /data/healthy');
    await stack.until('checked', 'ready');
  });

  it.each([
    ['pg', 'postgres', 'answers, but not as postgres does'],
    ['redis', 'redis', 'answers, but not as redis does'],
    ['mysql', 'mysql', 'answers, but not as mysql does'],
    ['other', 'other', 'nothing listens in the container yet'],
  ])('is asked in the words of its server: %s', async (name, container, problem) => {
    await eventually(async () => expect((await stack.run('why', name)).stdout).toContain(problem));
    expect((await stack.service(name)).state).toBe('warming');
    await docker('exec', `eager-${container}-1`, 'sh', '-c', 'echo > /data/late');
    await stack.until(name, 'ready');
  });

  it('that the engine starts again and again is not well', async () => {
    await stack.until('loop', 'ready');
    await docker('exec', 'eager-loop-1', 'sh', '-c', 'echo > /data/end');
    // Three looks in a row, ten seconds apart.
    await stack.until('loop', 'unwell', 90_000);
    expect((await stack.run('why', 'loop')).stdout).toContain(
      'it ends, and the engine starts it again and again',
    );
  });

  it('does not take UDP for a port of the contract', async () => {
    const other = machine.workspace('udp', CONTRACT.replace('eager', 'udp'));
    other.write('compose.yaml', COMPOSE);
    other.contract(
      'version: 1\nworkspace: udp\nservices:\n  dns: { compose: names, ports: { dns: { container: 53, appProtocol: tcp } } }\n',
    );
    for (const command of ['check', 'dev']) {
      const { code, stdout, stderr } = await other.run(command);
      expect(code).toBe(command === 'check' ? 1 : 2);
      expect(stdout + stderr).toContain('port 53 of names speaks UDP, and ports of the contract are TCP');
    }
  });
});
