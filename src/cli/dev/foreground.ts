/** `portramp dev` in this terminal: the runner, what it prints, and Ctrl-C. */
import { PortrampError } from '../../lib/errors.ts';
import { locateHome } from '../../lib/home.ts';
import { systemClock } from '../../lib/clock.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { createRunner, type Runner } from '../../stack/runner.ts';
import { openDaemon } from '../daemon-access.ts';
import { createView } from '../render/view.ts';
import { hasColor, notice } from '../terminal.ts';
import { attach } from './attach.ts';
import { DETACHED } from './detached.ts';

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
  const view = createView({ root: key.root, logs: !detached });
  runner.events.on(view);
  if (detached) reportTo(process, runner);
  const release = stopOnSignals(runner);
  try {
    await runner.start();
  } catch (error) {
    release();
    if (!detached && error instanceof PortrampError && error.code === 'STACK_RUNNING') {
      return attach(key, names);
    }
    throw error;
  }
  await runner.ended;
  release();
  return 0;
}

/** The first signal stops the stack in order, the second one at once. */
function stopOnSignals(runner: Runner): () => void {
  let asked = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (!asked) notice(`\n${signal}: stopping, consumers first; once more to stop at once`);
    void runner.stop({ now: asked });
    asked = true;
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}

/** Tells `dev -d` that nothing changes by itself any more, then cuts the channel. */
function reportTo(channel: NodeJS.Process, runner: Runner): void {
  const off = runner.events.on((event) => {
    if (event.type !== 'settled') return;
    off();
    if (!channel.connected) return;
    channel.send?.({ settled: true }, () => {
      if (channel.connected) channel.disconnect();
    });
  });
}
