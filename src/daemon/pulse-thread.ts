/** The program of the thread that counts the seconds without a beat. See `pulse.ts`. */
import { Session } from 'node:inspector';
import { setTimeout as pause } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';

import { createLog } from './log.ts';
import { BEATS, DEBUGGED, SLEEP, type PulseOrder } from './pulse.ts';
import { describePlace, StandstillCounter, type Frame } from './standstill.ts';

/** Milliseconds of a sleep. A process that was stopped, or a machine that was suspended, slept no more of them. */
const TICK = 1_000;

/** A loop that runs JavaScript stops within this time when it is asked to, on a busy machine too (milliseconds). */
const PAUSE_TIMEOUT = 5_000;

const { shared, patience, log: logPath } = workerData as PulseOrder;
const memory = new Int32Array(shared);
const log = createLog(logPath);

/**
 * Sleeps until the loop has stood still for too long, and returns its last beat. Blocks the thread: a timer of Node
 * would cost more.
 */
function awaitStandstill(): number {
  const counter = new StandstillCounter();
  for (;;) {
    Atomics.wait(memory, SLEEP, 0, TICK);
    const beats = Atomics.load(memory, BEATS);
    if (counter.look({ beats, debugged: Atomics.load(memory, DEBUGGED) === 1 }) >= patience) return beats;
  }
}

/** Stops the main thread where it is; no frames where it runs no JavaScript. */
async function findFrames(): Promise<readonly Frame[]> {
  const session = new Session();
  session.connectToMainThread();
  try {
    // Frames name their script by a number.
    const urls = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url));
    const paused = new Promise<readonly Frame[]>((resolve) => {
      session.once('Debugger.paused', ({ params }) =>
        resolve(params.callFrames.map((frame) => ({ ...frame, url: urls.get(frame.location.scriptId) }))),
      );
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
    return await Promise.race([paused, pause(PAUSE_TIMEOUT, [])]);
  } finally {
    // The process could not end while the main thread waits for this session.
    session.disconnect();
  }
}

for (;;) {
  const beats = awaitStandstill();
  const frames = await findFrames().catch(() => []);
  // It went on at the last moment.
  if (Atomics.load(memory, BEATS) !== beats) continue;
  log(`the event loop has stood still for ${patience} s: ${describePlace(frames)}`);
  log('this daemon ends itself; the next command, or a runner, starts another');
  process.kill(process.pid, 'SIGKILL');
}
