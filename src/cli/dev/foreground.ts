/** `portramp dev` in this terminal: the runner, what it prints, and Ctrl-C. */
import { PortrampError } from '../../lib/errors.ts';
import { locateHome } from '../../lib/home.ts';
import { systemClock } from '../../lib/clock.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { createRunner, type Runner } from '../../stack/runner.ts';
import { openDaemon } from '../daemon-access.ts';
import { createView } from '../render/view.ts';
import { hasColor, notice, onOutputLost } from '../terminal.ts';
import { attach } from './attach.ts';
import { DETACHED, type Report } from './report.ts';

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
  const release = stopOnSignals(runner, detached);
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

/** The first signal stops the stack in order, the second one at once. The returned function ends that. */
function stopOnSignals(runner: Runner, detached: boolean): () => void {
  let asked = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (!asked) notice(`\n${signal}: stopping, consumers first; once more to stop at once`);
    void runner.stop({ now: asked });
    asked = true;
  };
  let hungUp = false;
  const hangUp = (): void => {
    hungUp = true;
    leave();
  };
  // A terminal that is closed says so more than once, through the shell and the kernel: in order all the same.
  const leave = (): void => {
    if (!asked) notice('\nthe terminal is gone: stopping, consumers first');
    if (!asked) void runner.stop({ now: false });
    asked = true;
  };
  process.on('SIGINT', stop).on('SIGTERM', stop).on('SIGHUP', hangUp);
  // A log file on a full disk is no reason to stop.
  const off = detached ? () => undefined : onOutputLost(leave);
  return () => {
    off();
    process.off('SIGINT', stop).off('SIGTERM', stop).off('SIGHUP', hangUp);
    // Node would abort at its exit, because the mode of a terminal that is gone cannot be restored.
    if (hungUp) process.kill(process.pid, 'SIGHUP');
  };
}

/** Tells `dev -d`; false when it does not listen (any more). */
function tell(report: Report): boolean {
  if (!process.connected || process.send === undefined) return false;
  // What cannot be sent has no reader: that process has just gone.
  process.send(report, () => undefined);
  return true;
}
