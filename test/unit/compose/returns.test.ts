/** What runs without an instance is told, whoever started it: not only what was started here. */
import { beforeEach, expect, it } from 'vitest';

import { createReturns, type Returns, type ReturnsOptions } from '../../../src/runtime/compose/returns.ts';
import type { Container } from '../../../src/runtime/engine/containers.ts';

const containerOf = (state: string, startedAt = '1', id = 'a'): Container => ({
  id,
  name: `shop-web-${id}`,
  service: 'web',
  state,
  health: '',
  exitCode: 0,
  outOfMemory: false,
  startedAt,
  hasTerminal: false,
  nameless: [],
  attachment: { kind: 'apart' },
  publications: [],
  published: [],
  workingDirectory: '/shop',
  configFiles: [],
  configHash: undefined,
});

let there: readonly Container[];
let taken: boolean;
let told: number;
/** Whether what is told is started for it. */
let isWanted: boolean;

beforeEach(() => {
  there = [];
  taken = false;
  told = 0;
  isWanted = true;
});

const open = (options: Partial<ReturnsOptions> = {}): Returns =>
  createReturns({
    containersOf: () => there,
    isTaken: () => taken,
    areOurs: async () => true,
    onlyStarted: false,
    onReturn: () => {
      told += 1;
      return isWanted;
    },
    ...options,
  });

/** How often it is told by one look. */
async function look(returns: Returns): Promise<number> {
  told = 0;
  returns.consider(['web']);
  await new Promise((resolve) => setImmediate(resolve));
  return told;
}

it('is told of a service that was never started here, once, and again when it is started anew', async () => {
  const returns = open();
  there = [containerOf('running')];
  expect(await look(returns)).toBe(1);
  expect(returns.begin('web')).toBe(true);
  expect(returns.begin('web')).toBe(false);
  expect(await look(returns)).toBe(0);
  there = [containerOf('running', '2')];
  expect(await look(returns)).toBe(1);
});

it.each(['created', 'exited', 'paused', 'restarting', 'dead'])(
  'is not told of one that is %s',
  async (state) => {
    const returns = open();
    there = [containerOf(state)];
    expect(await look(returns)).toBe(0);
  },
);

it('is told of what a start that failed brought up after all, not of what ran before it', async () => {
  const returns = open();
  there = [containerOf('running', '1', 'old')];
  returns.note('web');
  expect(await look(returns)).toBe(0);
  there = [containerOf('running', '1', 'old'), containerOf('running', '2', 'new')];
  expect(await look(returns)).toBe(1);
});

it('is told of one that was paused when its start failed', async () => {
  const returns = open();
  there = [containerOf('paused')];
  returns.note('web');
  expect(await look(returns)).toBe(0);
  there = [containerOf('running')];
  expect(await look(returns)).toBe(1);
});

it('is told again as long as it is not started for it, and then as what is started by itself', async () => {
  const returns = open();
  there = [containerOf('running')];
  isWanted = false;
  expect(await look(returns)).toBe(1);
  expect(await look(returns)).toBe(1);
  expect(returns.begin('web')).toBe(false);
  isWanted = true;
  expect(await look(returns)).toBe(1);
});

it('is not told of what has an instance, is another folder’s, or was started by another branch', async () => {
  there = [containerOf('running')];
  const foreign = open({ areOurs: async () => false });
  expect(await look(foreign)).toBe(0);
  const shared = open({ onlyStarted: true });
  expect(await look(shared)).toBe(0);
  there = [];
  shared.note('web');
  there = [containerOf('running')];
  expect(await look(shared)).toBe(1);
  taken = true;
  expect(await look(open())).toBe(0);
});

it('is not told of one that is taken while its folder is looked at', async () => {
  there = [containerOf('running')];
  const returns = open({
    areOurs: async () => {
      taken = true;
      return true;
    },
  });
  expect(await look(returns)).toBe(0);
});

it('starts what failed for want of an engine when there is one, and nothing twice', async () => {
  const returns = open();
  returns.miss('web');
  isWanted = false;
  expect(await look(returns)).toBe(1);
  isWanted = true;
  expect(await look(returns)).toBe(1);
  expect(returns.begin('web')).toBe(false);
  expect(await look(returns)).toBe(0);
});
