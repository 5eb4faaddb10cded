/** What a WebSocket costs that nobody talks on. */
import { setTimeout as pause } from 'node:timers/promises';

import { openWebSockets } from '../loads/websockets.ts';
import type { Entrance } from '../peers/peer.ts';
import { familyOf, memoryOf } from '../process-usage.ts';
import { startIdleBackend } from '../backend.ts';
import { blame, record, type Scenario } from './stage.ts';

const SOCKETS = 1_000;

/** Opened and closed before, so that what is made at the first use is not counted. */
const FIRST_SOCKETS = 50;

/** Milliseconds for what a process does after the last event. */
const SETTLE = 300;

/**
 * Resident memory after SOCKETS are open less before, by a process that is new each time: one that had sockets
 * before keeps their room. Processes of Node are asked to collect garbage before both looks. All at the same time:
 * nothing here is a matter of speed.
 */
export const memory: Scenario = {
  name: 'memory',
  run: async (stage) => {
    const backend = await startIdleBackend(stage.workshop);
    const peers = stage.peers.filter(({ name }) => name !== 'direct');
    for (let round = 0; round < stage.rounds; round += 1) {
      // A process that is busy starting another would let dials time out: first all of them start.
      const contenders = await Promise.all(
        peers.map(async (peer) => ({
          name: peer.name,
          entrance: await peer.start(stage.workshop, backend.port, { collectable: true }),
        })),
      );
      await Promise.all(
        contenders.map(async ({ name, entrance }) => {
          record(stage.series, 'memory', name, await blame(name, measure(entrance)));
          await entrance.close();
        }),
      );
    }
    await backend.close();
  },
};

/** Bytes per socket. */
async function measure(entrance: Entrance): Promise<number> {
  (await openWebSockets(entrance, FIRST_SOCKETS)).close();
  const before = await look(entrance);
  const sockets = await openWebSockets(entrance, SOCKETS);
  const after = await look(entrance);
  sockets.close();
  return (after - before) / SOCKETS;
}

async function look({ pid, collectable }: Entrance): Promise<number> {
  if (pid === undefined) throw new Error('has no process');
  await pause(SETTLE);
  if (collectable === true) process.kill(pid, 'SIGUSR2');
  await pause(SETTLE);
  return memoryOf(familyOf(pid));
}
