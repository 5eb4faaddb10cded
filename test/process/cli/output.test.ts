/** What happens when nobody reads any more what is printed: a pipe, a terminal, a disk. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { PORTRAMP, createMachine, node, program, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;
let shop: Workspace;

beforeEach(() => {
  machine = createMachine();
  shop = machine.workspace(
    'shop',
    `
version: 1
workspace: shop
services:
  web: { command: ${node('server.js')}, consumes: [api] }
  api: { command: ${node('server.js')} }
`,
  );
});
afterEach(() => machine.close());

const logOf = (service: string): string =>
  readFileSync(join(machine.home.logs, `shop/${service}.log`), 'utf8');

function expectOrderedStop(): void {
  for (const service of ['web', 'api']) {
    expect(logOf(service)).toMatch(/got SIGTERM/);
    expect(logOf(service)).toMatch(/exited with code 0\n$/);
  }
}

describe('a reader that has gone', () => {
  it.each([
    ['--help'],
    ['dev --help'],
    ['env web'],
    ['url web'],
    ['ls --json'],
    ['schema'],
    ['doctor'],
    ['check'],
    ['nonsense'],
  ])('is no failure of "portramp %s"', async (command) => {
    const whole = await shop.run(...command.split(' '));
    const child = spawn(process.execPath, [PORTRAMP, ...command.split(' ')], {
      cwd: shop.root,
      env: machine.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, stderr }).toEqual({ code: whole.code, stderr: whole.stderr });
  });

  it('ends "logs -f"', async () => {
    await shop.run('dev', '-d');
    const logs = shop.start('logs', '-f');
    await logs.prints(/listens on/);
    logs.child.stdout?.destroy();
    await machine.get('web.shop.localhost', '/print?text=hello');
    expect(await logs.ended).toBe(0);
  });

  it('ends "dev" in order', async () => {
    const dev = shop.start('dev');
    await dev.prints(/web +│ ready/);
    dev.child.stdout?.destroy();
    await machine.get('web.shop.localhost', '/print?text=hello');
    expect(await dev.ended).toBe(0);
    expectOrderedStop();
  });
});

describe('a terminal that is closed', () => {
  it('ends "dev" in order', async () => {
    const python = findPython();
    if (python === undefined) return console.log('skipped: there is no python3 with pty');
    const { stdout } = await promisify(execFile)(
      python,
      [program('terminal.py'), 'web +│ ready', process.execPath, PORTRAMP, 'dev'],
      { cwd: shop.root, env: machine.environment },
    );
    expect(stdout).toBe('signal 1\n');
    expectOrderedStop();
  });
});

describe('a terminal whose output is halted', () => {
  it('halts nothing else, and shows the rest when it goes on', async (context) => {
    const python = findPython();
    if (python === undefined) return context.skip('there is no python3 with pty');
    const child = spawn(python, [program('flow.py'), 'web +│ ready', process.execPath, PORTRAMP, 'dev'], {
      cwd: shop.root,
      env: machine.environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const closed = once(child, 'close');
    await eventually(() => expect(output).toContain('halted\n'), 100_000);
    await machine.get('web.shop.localhost', '/print?text=unheard');
    // The runner prints of it before it answers.
    expect(await shop.run('restart', 'web')).toMatchObject({ code: 0, stdout: 'web is ready\n' });
    child.stdin.write('\n');
    await machine.get('web.shop.localhost', '/print?text=heard');
    child.stdin.write('\n');
    expect(await closed).toEqual([0, null]);
    for (const text of ['unheard', 'heard', 'code 0']) expect(output).toContain(text);
    expectOrderedStop();
  }, 300_000);
});

function findPython(): string | undefined {
  try {
    execFileSync('python3', ['-c', 'import pty'], { stdio: 'ignore' });
    return 'python3';
  } catch {
    return undefined;
  }
}

describe('a full disk', () => {
  it('is told, and is a failure', async () => {
    if (!existsSync('/dev/full')) return console.log('skipped: there is no /dev/full');
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [PORTRAMP, 'schema'], {
      cwd: shop.root,
      env: machine.environment,
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error what was printed could not be written: ENOSPC/);
  });
});
