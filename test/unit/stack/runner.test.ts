import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { systemClock } from '../../../src/lib/clock.ts';
import { locateHome } from '../../../src/lib/home.ts';
import { createRunner } from '../../../src/stack/runner.ts';

it('that was stopped before it started opens nothing', async () => {
  const root = mkdtempSync(join(tmpdir(), 'portramp-runner-'));
  let dials = 0;
  const runner = createRunner({
    root,
    environment: 'dev',
    selection: [],
    connect: () => {
      dials += 1;
      return Promise.resolve(undefined);
    },
    home: locateHome({ PORTRAMP_HOME: join(root, 'home') }),
    clock: systemClock,
    color: false,
    ambient: {},
  });
  try {
    await runner.stop({ now: false });
    await runner.start();
    await runner.ended;
    expect(dials).toBe(0);
    expect(readdirSync(root)).toEqual([]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
