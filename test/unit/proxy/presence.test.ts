import { expect, it } from 'vitest';

import { findColumns, findState, type PeerState } from '../../../src/proxy/peer-row.ts';
import { createPresence } from '../../../src/proxy/presence.ts';
import { createManualClock } from '../manual-clock.ts';

const connection = {
  localAddress: '127.0.0.1',
  localPort: 1355,
  remoteAddress: '127.0.0.1',
  remotePort: 40_834,
};

/** As Linux 6.18 prints them. */
const row = (ends: string, state: string, inode: number): string =>
  `   1: ${ends} ${state} 00000000:00000000 03:00000862 00000000     0        0 ${inode} 3 00000000033cd39e\n`;

const FOUR = '0100007F:9F82 0100007F:054B';
const MAPPED = '0000000000000000FFFF00000100007F:9F82 0000000000000000FFFF00000100007F:054B';

it('finds an IPv4 client in either table, and whether somebody has its socket', () => {
  const [four, mapped] = findColumns(connection).map(({ columns }) => columns);
  const others = row('0100007F:054B 0100007F:9F82', '08', 7) + row('0100007F:9F81 0100007F:054B', '01', 8);
  expect(findState(others, four ?? '')).toBeUndefined();
  expect(findState(others + row(FOUR, '05', 1679), four ?? '')).toBe('halfClosed');
  expect(findState(others + row(FOUR, '05', 0), four ?? '')).toBe('gone');
  expect(findState(row(MAPPED, '05', 0), mapped ?? '')).toBe('gone');
});

it.each([
  ['::1', '00000000000000000000000001000000'],
  ['fe80::d0:1%eth0', '000080FE00000000000000000100D000'],
  ['2001:db8:1:2:3:4:5:6', 'B80D0120020001000400030006000500'],
])('writes %s as the kernel does', (remoteAddress, hex) => {
  const [found] = findColumns({ ...connection, remoteAddress, localAddress: '::1' });
  expect(found?.table).toBe('tcp6');
  expect(found?.columns).toContain(` ${hex}:9F82 `);
});

async function watchOne(states: readonly PeerState[]) {
  const clock = createManualClock();
  const passes: number[] = [];
  const gone: number[] = [];
  const lookUp = async (asked: readonly unknown[]): Promise<PeerState[]> => {
    passes.push(clock.now());
    return asked.map(() => states[passes.length - 1] ?? 'halfClosed');
  };
  const since = clock.now();
  const presence = createPresence({ clock, lookUp });
  const end = presence.watch(connection, () => gone.push(clock.now() - since));
  return { clock, presence, passes, gone, end, advance: (ms: number) => clock.advance(ms) };
}

it('tells of a client that left, within a quarter of a second', async () => {
  const { gone, advance, clock } = await watchOne(['halfClosed', 'gone']);
  await advance(250);
  expect(gone).toEqual([120]);
  expect(clock.waiting).toBe(0);
});

it('takes one that is in no table for gone only after a while: a table is not read at one moment', async () => {
  const { gone, advance } = await watchOne(['absent', 'absent', 'absent']);
  await advance(250);
  expect(gone).toEqual([220]);
  const back = await watchOne(['absent', 'halfClosed', 'halfClosed']);
  await back.advance(1_000);
  expect(back.gone).toEqual([]);
});

it('asks for all at once, ten times a second at most, and not at all when nobody is watched', async () => {
  const { passes, presence, end, advance, clock } = await watchOne([]);
  const ends = Array.from({ length: 50 }, () => presence.watch(connection, () => undefined));
  await advance(1_000);
  expect(passes.length).toBeLessThanOrEqual(11);
  for (const stop of [end, ...ends]) stop();
  await advance(1_000);
  expect(passes.length).toBeLessThanOrEqual(11);
  expect(clock.waiting).toBe(0);
});

it('does not tell of a watch that has ended meanwhile', async () => {
  const { gone, end, clock } = await watchOne(['gone']);
  const advanced = clock.advance(20);
  end();
  await advanced;
  expect(gone).toEqual([]);
});

it('waits for each client by itself where there is no table', async () => {
  const clock = createManualClock();
  const gone: string[] = [];
  const presence = createPresence({ clock, lookUp: undefined });
  presence.watch(connection, () => gone.push('first'));
  await clock.advance(150);
  const end = presence.watch(connection, () => gone.push('second'));
  await clock.advance(50);
  expect(gone).toEqual(['first']);
  end();
  await clock.advance(1_000);
  expect(gone).toEqual(['first']);
});
