/** Runs what the contract wants done inside of a container before the stack is gone. */
import { systemClock } from '../../lib/clock.ts';
import { readLog } from './failure.ts';
import { runCompose, type ComposeCall } from './resolve.ts';

export interface Cleanup {
  /** Its name in the project. */
  readonly service: string;
  /** A string runs in the container's shell, a list is executed as it is. */
  readonly command: string | readonly string[];
  /** Told besides what the container has. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Milliseconds: `down` is waited for. */
const CLEANUP_TIMEOUT = 60_000;

/** Lines of its output that a person is shown. */
const SHOWN = 3;

/** Undefined when it ended with code 0, else why not. */
export async function runCleanup(
  call: ComposeCall,
  { service, command, variables }: Cleanup,
  timeout = CLEANUP_TIMEOUT,
): Promise<string | undefined> {
  const told = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const words = typeof command === 'string' ? ['sh', '-c', command] : command;
  const began = systemClock.now();
  const { code, stdout, stderr } = await runCompose(call, ['exec', '--no-TTY', ...told, service, ...words], {
    timeout,
  });
  if (code === 0) return undefined;
  if (systemClock.now() - began >= timeout) return `it was not done after ${timeout / 1000} s`;
  const lines = [...readLog(stderr).rest, ...stdout.split('\n')].map((line) => line.trim());
  const said = lines.filter((line) => line !== '').slice(0, SHOWN);
  return [`it ended with code ${code}`, ...said].join(': ');
}
