/** A runner that is there although the daemon does not know of it: it is just starting, or the daemon is. */
import { systemClock } from '../../lib/clock.ts';
import { PortrampError } from '../../lib/errors.ts';
import { locateHome } from '../../lib/home.ts';
import { explainSilence, isHalted } from '../../lib/silence.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { runnerOf } from '../../runtime/runs/stack-lock.ts';
import { until } from '../stack-watch.ts';

/** Milliseconds between two looks at whether the runner is still there. */
const LOOK = 250;

/** Says whether a process runs the stack, whatever the daemon knows of it. */
export const isOccupied = (key: StackKey): boolean => runnerOf(locateHome().runs, key) !== undefined;

/**
 * Waits until the daemon knows the stack's runner, at most `timeout` milliseconds.
 *
 * @returns false when there is no runner any more
 * @throws PortrampError RUNNER_SILENT for a runner that is stopped, or does not register in time
 */
export async function untilRegistered(
  client: DaemonClient,
  key: StackKey,
  timeout: number,
): Promise<boolean> {
  const due = systemClock.now() + timeout;
  for (;;) {
    if (await isRegistered(client, key)) return true;
    const runner = runnerOf(locateHome().runs, key);
    if (runner === undefined) return isRegistered(client, key);
    if (isHalted(runner.pid) || systemClock.now() >= due) throw silentError(key, runner.pid);
  }
}

async function isRegistered(client: DaemonClient, key: StackKey): Promise<boolean> {
  try {
    return (await until(client, key, (stack) => stack?.pid !== undefined, LOOK)) !== undefined;
  } catch (error) {
    if (error instanceof PortrampError && error.code === 'TIMEOUT') return false;
    throw error;
  }
}

function silentError({ root }: StackKey, pid: number): PortrampError {
  const { words, hint } = explainSilence(pid);
  return new PortrampError(
    'RUNNER_SILENT',
    `the runner of ${root} (pid ${pid}) does not come to the daemon: it ${words}`,
    { hint },
  );
}
