/** `portramp dev` in this terminal: the runner, what it prints, and Ctrl-C. */
import { PortrampError } from '../../lib/errors.ts';
import { locateHome } from '../../lib/home.ts';
import { systemClock } from '../../lib/clock.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { createRunner } from '../../stack/runner.ts';
import { openDaemon } from '../daemon-access.ts';
import { createView } from '../render/view.ts';
import { hasColor } from '../terminal.ts';
import { attach } from './attach.ts';
import { DETACHED, type Report } from './report.ts';
import { stopOnSignals } from './signals.ts';

/** Resolves with the exit code when the stack is down. */
export async function runForeground(key: StackKey, names: readonly string[]): Promise<number> {
  const detached = process.env[DETACHED] !== undefined;
  delete process.env[DETACHED];
  const runner = createRunner({
    ...key,
    selection: names,
    connect: openDaemon,
    home: locateHome(),
    clock: systemClock,
    color: hasColor && !detached,
    ambient: process.env,
  });
  const view = createView({ root: key.root, logs: !detached, summaries: true });
  // While `dev -d` listens it shows what happens; after that there is only the log file.
  runner.events.on((event) => (detached && event.type !== 'line' && tell({ event })) || view(event));
  const release = stopOnSignals(({ now }) => void runner.stop({ now }), { readsOutput: !detached });
  try {
    await runner.start();
  } catch (error) {
    release();
    const isOccupied = error instanceof PortrampError && error.code === 'STACK_RUNNING';
    if (isOccupied && !detached) return attach(key, names);
    if (isOccupied) tell({ occupied: true });
    throw error;
  }
  await runner.ended;
  release();
  return 0;
}

/** Tells `dev -d`; false when it does not listen (any more). */
function tell(report: Report): boolean {
  if (!process.connected || process.send === undefined) return false;
  // What cannot be sent has no reader: that process has just gone.
  process.send(report, () => undefined);
  return true;
}
