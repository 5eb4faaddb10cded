import { systemClock, type Clock } from '../../lib/clock.ts';
import { notice, onOutputLost } from '../terminal.ts';

/**
 * Milliseconds in which the same signal is the same wish: `timeout` signals its child and then the group, a package
 * manager passes on what the terminal has sent to both. No hand presses Ctrl-C twice in a tenth of a second.
 */
const ECHO: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 100, SIGTERM: 500 };

/** Tells of each signal whether it says only once more what the first one of all said. */
export function createEchoes(clock: Pick<Clock, 'now'>): (signal: NodeJS.Signals) => boolean {
  let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;
  return (signal) => {
    const now = clock.now();
    const isEcho = first?.signal === signal && now - first.at < (ECHO[signal] ?? 0);
    first ??= { signal, at: now };
    return isEcho;
  };
}

/**
 * The first Ctrl-C (or SIGTERM) stops in order, the second one at once; a terminal that is closed stops in order.
 * The returned function ends that.
 * @param options.readsOutput whether a person reads what is printed, so that nobody does any more once it is lost
 */
export function stopOnSignals(
  stop: (options: { readonly now: boolean }) => void,
  { readsOutput }: { readonly readsOutput: boolean },
): () => void {
  const isEcho = createEchoes(systemClock);
  let asked = false;
  let hungUp = false;
  const interrupt = (signal: NodeJS.Signals): void => {
    if (isEcho(signal)) return;
    if (!asked) notice(`\n${signal}: stopping, consumers first; once more to stop at once`);
    stop({ now: asked });
    asked = true;
  };
  // It is told more than once, by the shell, the kernel and the output: in order all the same.
  const leave = (): void => {
    if (asked) return;
    asked = true;
    notice('\nthe terminal is gone: stopping, consumers first');
    stop({ now: false });
  };
  const hangUp = (): void => {
    hungUp = true;
    leave();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt).on('SIGHUP', hangUp);
  const off = readsOutput ? onOutputLost(leave) : () => undefined;
  return () => {
    off();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt).off('SIGHUP', hangUp);
    // Node would abort at its exit, because the mode of a terminal that is gone cannot be restored.
    if (hungUp) process.kill(process.pid, 'SIGHUP');
  };
}
