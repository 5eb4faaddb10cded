/** Which Compose there is, asked of the programs themselves. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, it } from 'vitest';

import { findCompose } from '../../../src/runtime/compose/binary.ts';

const folder = mkdtempSync(join(tmpdir(), 'portramp-binary-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.skipIf(process.platform === 'win32')(
  'a Compose that does not answer in time is not called absent',
  async () => {
    const program = join(folder, 'compose');
    writeFileSync(program, '#!/bin/sh\nexec tail -f /dev/null\n');
    chmodSync(program, 0o755);
    const environment = { ...process.env, PORTRAMP_COMPOSE: program };
    await expect(findCompose(environment, 200)).rejects.toMatchObject({
      code: 'COMPOSE_INVALID',
      message: expect.stringContaining('did not say its version') as string,
    });
  },
);
