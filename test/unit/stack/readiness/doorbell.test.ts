/** Where nobody lives nobody knocks, but now and then all the same. */
import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';

import { createDoorbell, doorbell } from '../../../../src/stack/readiness/doorbell.ts';

const row = (address: string, state: string): string =>
  `   0: ${address} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0`;

function createScene(text: string | undefined) {
  const scene = { now: 0, reads: 0, cost: 0, text };
  const bell = createDoorbell({
    read: () => {
      scene.reads += 1;
      scene.now += scene.cost;
      return scene.text;
    },
    now: () => scene.now,
  });
  return { scene, asks: (port: number): boolean => bell.isWorthTrying(port, scene.now) };
}

const TABLE = [
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
  row('0100007F:4E20', '0A'),
  row('00000000000000000000000001000000:4E21', '0A').replace('00000000:0000', `${'0'.repeat(32)}:0000`),
  row('0100007F:4E22', '01'),
].join('\n');

it('what listens, on either family, is tried at every look', () => {
  const { scene, asks } = createScene(TABLE);
  for (let look = 0; look < 5; look += 1, scene.now += 250) {
    expect([asks(20_000), asks(20_001)]).toEqual([true, true]);
  }
});

it.each([20_002, 20_003])('what does not (%i) is tried every two seconds, and as soon as it does', (port) => {
  const { scene, asks } = createScene(TABLE);
  const tries: number[] = [];
  for (; scene.now < 5_000; scene.now += 250) if (asks(port)) tries.push(scene.now);
  expect(tries).toEqual([0, 2_000, 4_000]);
  scene.text = `${TABLE}\n${row(`0100007F:${port.toString(16).toUpperCase()}`, '0A')}`;
  expect(asks(port)).toBe(true);
  // It listened: that it does so no more is found out by a connection.
  scene.text = TABLE;
  scene.now += 250;
  expect(asks(port)).toBe(true);
  scene.now += 250;
  expect(asks(port)).toBe(false);
});

it('a clock that goes back finds no table of later', () => {
  const { scene, asks } = createScene(TABLE);
  scene.now = 1_000_000;
  expect([asks(20_003), asks(20_003)]).toEqual([true, false]);
  scene.now = 0;
  expect([asks(20_003), asks(20_003)]).toEqual([true, false]);
  expect(scene.reads).toBe(2);
});

it('where the system has no table everything is tried', () => {
  const { asks } = createScene(undefined);
  expect([asks(20_000), asks(20_000)]).toEqual([true, true]);
});

it('one table serves all who ask within a moment, which is longer where it is dear', () => {
  const { scene, asks } = createScene(TABLE);
  for (let port = 1; port <= 200; port += 1) asks(port);
  expect(scene.reads).toBe(1);
  scene.now += 20;
  scene.cost = 5;
  asks(1);
  // It is used for 29 times as long as it took, from its beginning.
  scene.now += 139;
  asks(1);
  expect(scene.reads).toBe(2);
  scene.now += 1;
  asks(1);
  expect(scene.reads).toBe(3);
  scene.now += 140;
  scene.cost = 10_000;
  asks(1);
  scene.now += 200;
  asks(1);
  expect(scene.reads).toBe(5);
});

it('who has been waited for for long is waited for longer, until nobody waits', () => {
  const { scene, asks } = createScene(TABLE);
  scene.cost = 4;
  /** Milliseconds between two reads while somebody asks all the time. */
  const gaps = (until: number): number[] => {
    const times: number[] = [];
    for (; scene.now < until; scene.now += 1) {
      const { reads, now } = scene;
      asks(1);
      if (scene.reads > reads) times.push(now);
    }
    return times.slice(1).map((time, index) => time - (times[index] ?? 0));
  };
  const inOrder = [...new Set(gaps(20_000))];
  // 29 times what it took, then twice and three times that, and never more.
  expect(inOrder.map((gap) => Math.round(gap / 116))).toEqual([1, 2, 3]);
  scene.now += 1_001;
  expect(new Set(gaps(scene.now + 2_000))).toEqual(new Set([116]));
});

it.skipIf(process.platform !== 'linux')('the table of this machine is read', async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  expect([0, 0].map((at) => doorbell.isWorthTrying(port, at))).toEqual([true, false]);
});
