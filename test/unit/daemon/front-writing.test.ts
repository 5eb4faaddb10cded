/** Runners that remember different numbers of the front claim at one step: at each step of the move for the first. */
import { readFileSync } from 'node:fs';
import { expect, it, describe, vi } from 'vitest';

import { eventually } from '../../eventually.ts';
import { openFrontPort, type FrontPort } from '../../../src/daemon/front-port.ts';
import { keepFrontNumber, readFrontNumber, type FrontNumber } from '../../../src/daemon/front-store.ts';
import { FAILING_WRITES, REPLACING, useFailingDisk } from '../failing-disk.ts';
import { arm, disarm } from '../faults.ts';
import { createManualClock } from '../manual-clock.ts';

vi.mock('node:fs/promises', async (original) => (await import('../faults.ts')).faulty(await original()));

const disk = useFailingDisk();

const LOW: FrontNumber = { http: 8_001, moves: 2 };
const HIGH: FrontNumber = { http: 8_002, moves: 3 };

/** A front that has guessed its number; `meanwhile` happens each time that it begins to listen. */
async function open(meanwhile: () => void = () => undefined) {
  const clock = createManualClock();
  const heard: number[] = [];
  let listening = 0;
  const path = disk.path('front.json');
  const port = await openFrontPort({
    choice: { ports: [7_267], moves: 1, origin: 'guess' },
    clock,
    listen: async (number) => {
      if (heard.length > 0 || listening > 0) meanwhile();
      await Promise.resolve();
      listening = number;
      return number;
    },
    remember: (number) => keepFrontNumber(path, number),
    holdersOf: async () => [],
    onMove: ({ http }) => void heard.push(http ?? 0),
    log: () => undefined,
  });
  return { port, clock, heard, path, listening: () => listening };
}

/** The second number is claimed while the front moves to the first. */
async function claimBoth(
  port: FrontPort,
  first: FrontNumber,
  second: FrontNumber,
  atStep: (claim: () => void) => void,
): Promise<void> {
  let later: Promise<void> | undefined;
  atStep(() => void (later ??= port.adopt(second)));
  await port.adopt(first);
  expect(later).toBeDefined();
  await later;
}

const ORDERS = [
  ['the higher', HIGH, LOW, [8_002]],
  ['the lower', LOW, HIGH, [8_001, 8_002]],
] as const;

describe.each(ORDERS)('a claim against a move to %s count', (_, first, second, moves) => {
  const expectHigh = async ({ port, heard, path, listening }: Awaited<ReturnType<typeof open>>) => {
    expect(port.status).toEqual({ http: HIGH.http });
    expect(port.moves).toBe(HIGH.moves);
    expect(listening()).toBe(HIGH.http);
    expect(heard).toEqual(moves);
    expect((await readFrontNumber(path)).number).toEqual(HIGH);
    expect(disk.entries()).toEqual(['front.json']);
  };

  it('while it begins to listen ends at the higher one, which is kept', async () => {
    let claim = (): void => undefined;
    const scene = await open(() => claim());
    await claimBoth(scene.port, first, second, (now) => (claim = now));
    await expectHigh(scene);
  });

  it.each(REPLACING)('while its number is written down (%s) does too', async (name) => {
    const scene = await open();
    await claimBoth(scene.port, first, second, (now) => arm({ name, times: 1, meanwhile: now }));
    await expectHigh(scene);
  });

  it.each(FAILING_WRITES)(
    'and a disk that fails (%s, %s) does too, and keeps it later',
    async (name, code) => {
      const scene = await open();
      await claimBoth(scene.port, first, second, (now) => arm({ name, code, meanwhile: now }));
      expect(scene.port.status).toEqual({ http: HIGH.http });
      expect(scene.heard).toEqual(moves);
      expect(scene.port.problems).toEqual([expect.stringContaining('will not be remembered')]);
      // Another number than the one that was told is never on disk.
      expect(readFileSync(scene.path, 'utf8')).toBe('{"http":7267,"moves":1}\n');
      disarm();
      await scene.clock.advance(10_000);
      await eventually(() => expect(scene.port.problems).toEqual([]));
      await expectHigh(scene);
      expect(scene.clock.waiting).toBe(0);
    },
  );
});

describe('a daemon that ends while its front moves', () => {
  it.each(REPLACING)('has nothing to write any more when it says so (%s)', async (name) => {
    const { port, path } = await open();
    let closing: Promise<void> | undefined;
    arm({ name, times: 1, meanwhile: () => void (closing = port.close()) });
    const moving = port.adopt(HIGH);
    await eventually(() => expect(closing).toBeDefined());
    await closing;
    const written = readFileSync(path, 'utf8');
    await moving;
    expect(readFileSync(path, 'utf8')).toBe(written);
    expect(disk.entries()).toEqual(['front.json']);
    // The next daemon may be there by now.
    await port.adopt({ http: 8_003, moves: 9 });
    expect(readFileSync(path, 'utf8')).toBe(written);
  });
});
