/** 1,000 WebSockets and 1,000 event streams that nobody talks on: what the daemon does meanwhile. */
import { setTimeout as pause } from 'node:timers/promises';

import { startIdleBackend } from '../backend.ts';
import { openEventStreams, openWebSockets } from '../loads/websockets.ts';
import { startPortramp } from '../peers/portramp.ts';
import { cpuOf, familyOf } from '../process-usage.ts';
import type { Scenario } from './stage.ts';

const EACH = 1_000;

/** Milliseconds: what is done after a start is over by then. */
const SETTLE = 5_000;
const DURATION = 60_000;

/** Beside one without connections: what that does is not the connections' doing. */
export const idle: Scenario = {
  name: 'idle',
  run: async ({ workshop, notes }) => {
    const backend = await startIdleBackend(workshop);
    const full = await startPortramp(workshop, backend.port);
    const empty = await startPortramp(workshop, backend.port);
    const sockets = await openWebSockets(full, EACH);
    const streams = await openEventStreams(full, EACH);
    await pause(SETTLE);
    const families = [full, empty].map(({ pid = 0 }) => familyOf(pid));
    const before = families.map(cpuOf);
    await pause(DURATION);
    const [cpu = 0, cpuWithout = 0] = families.map(
      (family, index) => (cpuOf(family) - (before[index] ?? 0)) / 1_000,
    );
    notes.idle = { connections: 2 * EACH, seconds: DURATION / 1_000, cpu, cpuWithout };
    const open = sockets.open() + streams.open();
    if (open !== 2 * EACH) throw new Error(`${2 * EACH - open} of ${2 * EACH} idle connections were closed`);
    await sockets.ping();
    sockets.close();
    streams.close();
    await Promise.all([full.close(), empty.close()]);
    await backend.close();
  },
};
