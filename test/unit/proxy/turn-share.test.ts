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

it('those that use up their share of a turn have one between them from then on, until they are fewer again', async () => {
  const handles = Array.from({ length: 4 }, createHandle);
  const shares = handles.map((handle) => new TurnShare(() => handle, clock));
  const readFor = (ms: number): readonly boolean[] => {
    for (const share of shares) share.handle(10, work(ms));
    return handles.map(({ isRead }) => isRead);
  };
  const all = (isRead: boolean): readonly boolean[] => handles.map(() => isRead);
  expect(readFor(1)).toEqual(all(false));
  await nextTurn();
  expect(readFor(0.2)).toEqual(all(true));
  expect(readFor(0.1)).toEqual(all(false));
  await nextTurn();
  expect(readFor(0.2)).toEqual(all(true));
  await nextTurn();
  expect(readFor(0.9)).toEqual(all(true));
  await nextTurn();
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
