/** The end of a stack of many services: nothing is over before everything is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { createLogStore } from '../../../src/stack/logs/store.ts';
import { Supervision } from '../../../src/stack/supervision.ts';
import { createManualClock } from '../manual-clock.ts';
import { resolutionOf } from '../plan/stack.ts';

const MANY = 30;

it('is told when no service waits for another attempt any more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portramp-end-'));
  const manual = createManualClock();
  /** Milliseconds that work takes while it is looked at the clock. */
  let cost = 0;
  let spent = 0;
  const clock = { ...manual, now: () => manual.now() + (spent += cost) };
  const logs = createLogStore({ folder, clock });
  const lines = Array.from(
    { length: MANY },
    (_, index) => `  s${index}: { command: run, consumes: [gate], restart: { max: 9 } }\n`,
  );
  const { services } = resolutionOf(`services:\n  gate: { command: run, ports: false }\n${lines.join('')}`);
  let launches = 0;
  const supervision = new Supervision({
    clock,
    logs,
    starts: { begin: () => ({ patience: () => 15_000, took: () => undefined, learn: () => undefined }) },
    launch: async () => {
      launches += 1;
      return { ok: false, failure: { message: 'no' } };
    },
    lookAt: () => ({
      look: async () => undefined,
      problem: () => undefined,
      onChange: () => () => undefined,
    }),
    open: () => undefined,
    explainEnd: () => undefined,
    drain: async () => undefined,
    onChange: () => undefined,
    onFollow: async () => ({ followed: false, why: 'nobody listens' }),
    onNotice: () => undefined,
    onSpawn: () => undefined,
    onExit: () => undefined,
    onSettled: () => undefined,
  });
  // Nothing that they need is started: all of them wait.
  supervision.start(
    { services, instance: (name) => services.get(name) },
    new Set([...services.keys()].filter((name) => name !== 'gate')),
  );
  await manual.advance(0);
  cost = 5;
  let left: number | undefined;
  const over = supervision.shutDown(false).then(() => {
    left = supervision.units.filter(({ goal }) => goal === 'up').length;
  });
  await manual.advance(1_000);
  await over;
  expect([left, launches, manual.waiting]).toEqual([0, 0, 0]);
  await logs.close();
  rmSync(folder, { recursive: true });
});
