import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { systemClock } from '../../../src/lib/clock.ts';
import { locateHome } from '../../../src/lib/home.ts';
import { createRunner } from '../../../src/stack/runner.ts';

it('ends, and says why it could not start, also where something of it cannot be closed', async () => {
  const root = mkdtempSync(join(tmpdir(), 'portramp-runner-'));
  const home = locateHome({ PORTRAMP_HOME: join(root, 'home') });
  const told: string[] = [];
  const runner = createRunner({
    root,
    environment: 'dev',
    selection: [],
    connect: () => {
      // Its place cannot be read any more, and so not be given back.
      for (const name of readdirSync(home.runs)) {
        rmSync(join(home.runs, name));
        mkdirSync(join(home.runs, name));
      }
      return Promise.resolve(undefined);
    },
    home,
    clock: systemClock,
    color: false,
    ambient: {},
  });
  runner.events.on((event) => void (event.type === 'notice' && told.push(event.text)));
  try {
    await expect(runner.start()).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' });
    await runner.ended;
    expect(told).toEqual([expect.stringMatching(/^the stack did not end cleanly: .* it is a folder/)]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

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
