/** `portramp dev` in this terminal: the runner, what it prints, and Ctrl-C. */
import { PortrampError } from '../../lib/errors.ts';
import { locateHome } from '../../lib/home.ts';
import { systemClock } from '../../lib/clock.ts';
import { inOneLine } from '../../lib/state-file.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { cleanRuns } from '../../runtime/runs/clean.ts';
import { createRunner } from '../../stack/runner.ts';
import { openDaemon } from '../daemon-access.ts';
import { createView } from '../render/view.ts';
import { hasColor, neverWaitForTerminal } from '../terminal.ts';
import { attach } from './attach.ts';
import { settlePlace } from './place.ts';
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
  neverWaitForTerminal();
  const view = createView({ root: key.root, logs: !detached, summaries: true });
  // While `dev -d` listens it shows what happens; after that there is only the log file.
  runner.events.on((event) => (detached && event.type !== 'line' && tell({ event })) || view(event));
  const release = stopOnSignals(({ now }) => void runner.stop({ now }), { readsOutput: !detached });
  try {
    // A crash that took the watchdog along has left what would hold this stack's ports.
    for (const text of await endRemains(key)) runner.events.emit({ type: 'notice', text });
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

/** Ends what an earlier run of this stack has left; returns what to say of it. */
async function endRemains(key: StackKey): Promise<string[]> {
  const home = locateHome();
  const notices = await settlePlace(home, key);
  const { cleaned, problems } = await cleanRuns(home.runs, key);
  const ended = cleaned.map(({ found, left }) => {
    const rest = left === 0 ? '' : `; ${left} could not be ended: they belong to another user`;
    return `ended ${found} processes that a crash of this stack had left${rest}`;
  });
  const unknown = problems.map(
    (problem) => `${inOneLine(problem)}: whether a crash has left what it names is not known`,
  );
  return [...notices, ...ended, ...unknown];
}

/** Tells `dev -d`; false when it does not listen (any more). */
function tell(report: Report): boolean {
  if (!process.connected || process.send === undefined) return false;
  // What cannot be sent has no reader: that process has just gone.
  process.send(report, () => undefined);
  return true;
}
