/** Which Compose there is, asked of the programs themselves. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { findCompose } from '../../../src/runtime/compose/binary.ts';

const folder = mkdtempSync(join(tmpdir(), 'portramp-binary-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pretend(script: string): string {
  const program = join(folder, 'compose');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  return program;
}

describe.skipIf(process.platform === 'win32')('a program that is to be Compose', () => {
  it('is not called absent when it does not answer in time', async () => {
    const program = pretend('exec tail -f /dev/null');
    const environment = { ...process.env, PORTRAMP_COMPOSE: program };
    await expect(findCompose(environment, 200)).rejects.toMatchObject({
      code: 'COMPOSE_INVALID',
      message: `"${program}" did not say its version in 0.2 s`,
      hint: `try "${program} version", and once more when this machine has less to do`,
    });
    pretend('echo 2.40.1');
    expect(execFileSync(program, ['version'], { encoding: 'utf8' })).toBe('2.40.1\n');
    expect(await findCompose(environment)).toEqual({ command: [program], version: '2.40.1' });
  });

  it('is called absent when it fails, or is none', async () => {
    for (const program of [pretend('exit 1'), join(folder, 'none')])
      await expect(findCompose({ ...process.env, PORTRAMP_COMPOSE: program })).rejects.toMatchObject({
        code: 'COMPOSE_MISSING',
      });
  });
});
