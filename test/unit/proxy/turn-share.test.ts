import { expect, it } from 'vitest';

import { TurnShare, type ReadHandle } from '../../../src/proxy/turn-share.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let now = 0;
const clock = { now: () => now };

/** Takes its time, by the clock. */
const work = (ms: number) => (): void => {
  now += ms;
};

function createHandle(): ReadHandle & { isRead: boolean } {
  return {
    reading: true,
    isRead: true,
    readStart() {
      this.isRead = true;
      return 0;
    },
    readStop() {
      this.isRead = false;
      return 0;
    },
  };
}

it('stops reading a connection that has used its share of a turn, until the next one', async () => {
  const handle = createHandle();
  const share = new TurnShare(() => handle, clock);
  share.handle(10, work(0));
  expect(handle.isRead).toBe(true);
  share.handle(10, work(2));
  expect(handle.isRead).toBe(false);
  await nextTurn();
  expect(handle.isRead).toBe(true);
});

it('when the share is used up, others rest too, and go on one after the other', async () => {
  const handles = Array.from({ length: 3 }, createHandle);
  const shares = handles.map((handle) => new TurnShare(() => handle, clock));
  const readFor = (ms: number): void => {
    for (const [index, share] of shares.entries()) if (handles[index]?.isRead) share.handle(10, work(ms));
  };
  const areRead = (): readonly boolean[] => handles.map(({ isRead }) => isRead);
  readFor(1);
  expect(areRead()).toEqual([false, false, false]);
  for (const whose of [0, 1, 2, 0, 1]) {
    await nextTurn();
    expect(areRead()).toEqual(handles.map((_, index) => index === whose));
    readFor(1);
  }
  await nextTurn();
  await nextTurn();
  await nextTurn();
  expect(areRead()).toEqual([true, true, true]);
});

it('as many go on in a turn as fit into one share by what each needed last', async () => {
  const handles = Array.from({ length: 8 }, createHandle);
  const shares = handles.map((handle) => new TurnShare(() => handle, clock));
  const readers = (): number => handles.filter(({ isRead }) => isRead).length;
  for (const share of shares) share.handle(10, work(0.5));
  expect(readers()).toBe(1);
  await nextTurn();
  expect(readers()).toBe(3);
  await nextTurn();
  expect(readers()).toBe(5);
  await nextTurn();
  await nextTurn();
  expect(readers()).toBe(8);
});

it('one that is read again although it rests stops again, and is not counted twice', async () => {
  const handle = createHandle();
  const other = createHandle();
  const share = new TurnShare(() => handle, clock);
  share.handle(10, work(2));
  new TurnShare(() => other, clock).handle(10, work(2));
  handle.isRead = true;
  share.handle(10, work(2));
  expect(handle.isRead).toBe(false);
  await nextTurn();
  expect([handle.isRead, other.isRead]).toEqual([true, false]);
  await nextTurn();
  expect([handle.isRead, other.isRead]).toEqual([true, true]);
});

it('adds up what was read in one turn, and begins anew in the next', async () => {
  const handle = createHandle();
  const share = new TurnShare(() => handle, clock);
  share.handle(10, work(0.6));
  await nextTurn();
  share.handle(10, work(0.3));
  expect(handle.isRead).toBe(true);
  share.handle(10, work(0.8));
  expect(handle.isRead).toBe(false);
  await nextTurn();
});

it('leaves a connection alone that was paused meanwhile, or has closed', async () => {
  const handle = createHandle();
  let present: ReadHandle | undefined = handle;
  const share = new TurnShare(() => present, clock);
  share.handle(10, work(2));
  handle.reading = false;
  await nextTurn();
  expect(handle.isRead).toBe(false);
  handle.reading = true;
  share.handle(10, work(2));
  present = undefined;
  await nextTurn();
  expect(handle.isRead).toBe(false);
});

it('knows what takes long for its size', () => {
  const share = new TurnShare(() => undefined, clock);
  share.handle(16_384, work(1));
  expect(share.isDense).toBe(true);
  share.handle(256 * 1024 * 1024, work(1));
  expect(share.isDense).toBe(false);
});
