/** Tells when something happens to the containers of a project, for as long as the engine lives. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { composeWords, type ComposeCall } from './resolve.ts';

export interface ContainerEvents {
  close(): void;
}

/**
 * Follows `docker compose events`. `onEvent` is also called once when the stream stands; `onEnd` when the engine, or
 * Compose, has gone away.
 */
export function followEvents(
  call: ComposeCall,
  { onEvent, onEnd }: { readonly onEvent: () => void; readonly onEnd: () => void },
): ContainerEvents {
  const [program] = call.binary.command;
  const child = spawn(program, [...composeWords(call), 'events', '--json'], {
    cwd: call.cwd,
    env: { ...call.environment },
    stdio: ['ignore', 'pipe', 'ignore'],
    // Ctrl-C of a terminal is the runner's: it still wants to know how its containers end.
    detached: true,
  });
  let closed = false;
  const end = (): void => {
    if (closed) return;
    closed = true;
    onEnd();
  };
  child.once('spawn', onEvent);
  child.once('error', end);
  child.once('close', end);
  createInterface({ input: child.stdout }).on('line', () => {
    if (!closed) onEvent();
  });
  return {
    close: () => {
      closed = true;
      child.kill('SIGKILL');
    },
  };
}
