/** Runs Compose in the user's terminal as if it had been typed: streams, signals and exit code are its own. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { PortrampError, errnoOf, messageOf } from '../../lib/errors.ts';

export interface Program {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Signals that end a program and can be passed on. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Sent by a terminal to everything in its foreground, so that the program has them already. */
const FROM_TERMINAL: readonly string[] = ['SIGINT', 'SIGQUIT', 'SIGHUP'];

/**
 * Resolves with the exit code; 128 + n after signal n, as a shell says it.
 * @throws PortrampError COMPOSE_MISSING when the program cannot be started.
 */
export async function runInTerminal({ command, cwd, environment }: Program): Promise<number> {
  const [program, ...words] = command;
  const child = spawn(program, words, { cwd, env: { ...environment }, stdio: 'inherit' });
  // A second Ctrl-C means "at once" to Compose: one must not arrive twice.
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  const relays = SIGNALS.map((signal) => {
    const relay = (): void => {
      if (!hasTerminal || !FROM_TERMINAL.includes(signal)) child.kill(signal);
    };
    process.on(signal, relay);
    return () => process.off(signal, relay);
  });
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(notStarted(program, error)));
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    });
  } finally {
    for (const stop of relays) stop();
  }
}

const notStarted = (program: string, error: Error): PortrampError =>
  new PortrampError(
    'COMPOSE_MISSING',
    errnoOf(error) === 'ENOENT'
      ? `command not found: ${program}`
      : `${program} could not be started: ${messageOf(error)}`,
  );
