import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

import { identityOf } from '../../../src/lib/process-identity.ts';
import { explainSilence, isStopped, mayBeHalted } from '../../../src/lib/silence.ts';
import { eventually } from '../../eventually.ts';

it.skipIf(process.platform === 'win32')(
  'says of a process that it was stopped, is busy, or is gone',
  async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    expect(explainSilence(pid)).toEqual({ words: 'is busy', hint: 'try again', isHeld: false });
    expect(mayBeHalted(pid)).toBe(process.platform !== 'linux');
    const identity = identityOf(pid) ?? { pid, startTime: '' };
    expect(isStopped(identity)).toBe(false);
    child.kill('SIGSTOP');
    await eventually(() =>
      expect(explainSilence(pid)).toEqual({
        words: 'is stopped (state T)',
        hint: `"kill -CONT ${pid}" wakes it`,
        isHeld: true,
      }),
    );
    expect(mayBeHalted(pid)).toBe(true);
    // Seen at no cost, and of this very process, on Linux.
    expect(isStopped(identity)).toBe(process.platform === 'linux');
    expect(isStopped({ pid, startTime: 'another' })).toBe(false);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    expect(isStopped(identity)).toBe(false);
    expect(explainSilence(pid)).toEqual({ words: 'is gone', hint: 'try again', isHeld: false });
  },
);
