/** `portramp compose` in a terminal: what is typed, what is seen and what it ends with are those of `docker compose`. */
import { spawn } from 'node:child_process';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { PORTRAMP, openWorkspace, type Machine, type Workspace } from '../../process/workspace.ts';
import { findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

/** Takes its time to end, and tells when it had it. */
const COMPOSE = `
services:
  slow:
    image: portramp/test:1
    command: [sh, -c, "trap 'sleep 1; echo had its time; exit' TERM; echo waits; while :; do sleep 0.1; done"]
    ports: ["8080:80"]
  fails:
    image: portramp/test:1
    profiles: [tools]
    command: [sh, -c, "exit 7"]
`;

interface Terminal {
  readonly output: string;
  type(keys: string): void;
  prints(pattern: RegExp): Promise<void>;
  readonly ended: Promise<number | null>;
}

const CTRL_C = '\u0003';

describe.skipIf(engine === undefined)('in a terminal', () => {
  if (engine === undefined) return;
  const { compose, docker } = engine;
  let machine: Machine;
  let project: Workspace;

  beforeAll(() => {
    machine = engine.createMachine();
    project = openWorkspace(machine, machine.folder('typed'));
    project.write('compose.yaml', COMPOSE);
  });
  afterAll(async () => {
    try {
      await project.run('compose', '--profile', 'tools', 'down', '--timeout', '0');
      expect(await engine.left()).toEqual([]);
    } finally {
      await machine.close();
    }
  });

  /** A command in a pseudo-terminal of its own, which `script` makes. */
  function open(...words: readonly string[]): Terminal {
    const line = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
      cwd: project.root,
      env: { ...machine.environment, TERM: 'xterm', SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const ended = new Promise<number | null>((settle) => child.once('close', settle));
    return {
      ended,
      get output() {
        return output;
      },
      type: (keys) => void child.stdin.write(keys),
      prints: (pattern) => eventually(() => expect(output).toMatch(pattern)),
    };
  }
  const portramp = (...words: string[]): Terminal => open(process.execPath, PORTRAMP, 'compose', ...words);
  const plain = (...words: string[]): Terminal =>
    open(...compose.command, '--project-name', 'plain', ...words);

  /** Ctrl-C once, when the container is up. */
  async function interrupt(terminal: Terminal): Promise<{ code: number | null; output: string }> {
    await terminal.prints(/waits/);
    terminal.type(CTRL_C);
    return { code: await terminal.ended, output: terminal.output };
  }

  it('stops at Ctrl-C as docker compose does, gives containers their time, and ends with its code', async () => {
    const expected = await interrupt(plain('up', 'slow'));
    expect(await docker('ps', '-aq')).not.toBe('');
    await plain('down').ended;
    const { code, output } = await interrupt(portramp('up', 'slow'));
    expect(code).toBe(expected.code);
    for (const each of [expected.output, output]) expect(each).toContain('Gracefully stopping');
    // A Ctrl-C that arrived twice would have killed it.
    expect(await docker('logs', 'typed-slow-1')).toBe('waits\nhad its time');
    // Stopped, and left to be started again: `up` does no more than that.
    expect(await docker('ps', '-q')).toBe('');
    expect(await docker('ps', '-a', '--format', '{{.Names}} {{.Status}}')).toMatch(/^typed-slow-1 Exited/);
  });

  it('has the code of a container where that is asked for', async () => {
    const words = ['--profile', 'tools', 'up', '--exit-code-from', 'fails', 'fails'];
    const expected = await plain(...words).ended;
    await plain('--profile', 'tools', 'down').ended;
    expect(expected).toBe(7);
    expect(await portramp(...words).ended).toBe(expected);
  });

  it('gives commands inside of containers a terminal', async () => {
    expect(await portramp('up', '-d', 'slow').ended).toBe(0);
    const inside = portramp(
      'exec',
      'slow',
      'sh',
      '-c',
      'test -t 0 && test -t 1 && echo a terminal; read x; exit $x',
    );
    await inside.prints(/a terminal/);
    inside.type('5\n');
    expect(await inside.ended).toBe(5);
    const piped = await project.run('compose', 'exec', '-T', 'slow', 'sh', '-c', 'test -t 0 || echo none');
    expect(piped.stdout).toBe('none\n');
  });

  it('ends what only follows at Ctrl-C, and leaves the containers', async () => {
    const { code } = await interrupt(portramp('logs', '--follow', 'slow'));
    const expected = await interrupt(open(...compose.command, '-p', 'typed', 'logs', '--follow', 'slow'));
    expect(code).toBe(expected.code);
    expect(await docker('ps', '--format', '{{.Names}}')).toBe('typed-slow-1');
  });
});
