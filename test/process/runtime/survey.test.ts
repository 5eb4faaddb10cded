/** Real processes: what a survey remembers of them is true for as long as it is. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';

import { survey } from '../../../src/runtime/process/survey.ts';
import { eventually } from '../../eventually.ts';

let child: ChildProcess | undefined;

afterEach(async () => {
  if (child === undefined) return;
  const ended = new Promise((resolve) => child?.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
});

describe.skipIf(process.platform !== 'linux')('an environment that is remembered', () => {
  it('is read anew when the process executes another program', async () => {
    const marker = `${randomBytes(6).toString('hex')}.api.1`;
    child = spawn('sh', ['-c', `echo up; read go; exec env PORTRAMP_RUN=${marker} sleep 1000`], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env['PATH'], PORTRAMP_RUN: `${marker}0` },
    });
    const { pid = 0 } = child;
    await new Promise((resolve) => child?.stdout?.once('data', resolve));
    const before = await survey.take();
    expect(before.get(pid)?.markers).toEqual([`${marker}0`]);
    expect(before.carriersOf(marker)).toEqual([]);
    child.stdin?.write('go\n');
    await eventually(async () => {
      expect((await survey.take()).carriersOf(marker).map((entry) => entry.pid)).toEqual([pid]);
    });
  });
});
