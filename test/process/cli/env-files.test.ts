/** Env files as `check`, `exec` and `dev` read them: alike, and never without an end. */
import { execFileSync } from 'node:child_process';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createMachine, type Machine, type Workspace } from '../workspace.ts';

let machine: Machine;
let workspace: Workspace;
let count = 0;
beforeAll(() => {
  machine = createMachine();
});
beforeEach(() => {
  count += 1;
  const job = `{ command: [${process.execPath}, -p, process.env.FIRST], kind: task, envFile: .env }`;
  workspace = machine.workspace(`w${count}`, `version: 1\nworkspace: w${count}\nservices:\n  p: ${job}\n`);
});
afterAll(() => machine.close());

describe('an env file', () => {
  it('with a byte order mark has its first variable', async () => {
    writeFileSync(join(workspace.root, '.env'), '\uFEFFFIRST=one\nSECOND=2\n');
    expect(await workspace.run('check')).toMatchObject({ code: 0 });
    expect(await workspace.run('exec', 'p', 'printenv', 'FIRST')).toMatchObject({ code: 0, stdout: 'one\n' });
  });

  it.each([
    ['UTF-16', Buffer.from('\uFEFFFIRST=1\n', 'utf16le'), /\.env:1:1 .*is UTF-16/],
    ['a NUL', Buffer.from('A=1\nFIRST=\0\n'), /\.env:2:7 .*NUL/],
    ['an open quote', Buffer.from('A=1\nFIRST="x\n'), /\.env:2:7 .*not closed/],
  ])('with %s is refused where it is wrong', async (_name, bytes, pattern) => {
    writeFileSync(join(workspace.root, '.env'), bytes);
    const check = await workspace.run('check');
    expect(check.code).not.toBe(0);
    expect(check.stdout + check.stderr).toMatch(pattern);
    const dev = await workspace.run('dev', '-d');
    expect(dev.code).not.toBe(0);
    expect(dev.stdout + dev.stderr).toMatch(pattern);
  });

  it('that is cured as the message says is read', async () => {
    writeFileSync(join(workspace.root, '.env'), Buffer.from('\uFEFFFIRST=one\n', 'utf16le'));
    const { stdout, stderr } = await workspace.run('check');
    const [, cure = ''] = /write it as UTF-8: (.*)/.exec(stdout + stderr) ?? [];
    execFileSync('sh', ['-c', cure], { cwd: workspace.root });
    expect(await workspace.run('exec', 'p', 'printenv', 'FIRST')).toMatchObject({ stdout: 'one\n' });
  });

  it('that is a pipe is read when somebody writes, and is an error when nobody does', async () => {
    const pipe = join(workspace.root, '.env');
    execFileSync('mkfifo', [pipe]);
    const check = await workspace.run('check');
    expect(check.code).not.toBe(0);
    expect(check.stdout + check.stderr).toMatch(/\.env is a pipe that nobody writes to/);
    const writer = createWriteStream(pipe);
    writer.end('FIRST=one\n');
    expect(await workspace.run('exec', 'p', 'printenv', 'FIRST')).toMatchObject({ stdout: 'one\n' });
  });

  it('that is not there stops dev, and is noted by check', async () => {
    const check = await workspace.run('check');
    expect(check).toMatchObject({ code: 0 });
    expect(check.stdout + check.stderr).toMatch(/\.env does not exist/);
    const dev = await workspace.run('dev', '-d');
    expect(dev.code).not.toBe(0);
    expect(dev.stdout + dev.stderr).toMatch(/\.env does not exist/);
  });
});
