/** Joins containers to a network of another project. Compose has no word for that, so the engine's own program is asked. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { errnoOf, messageOf } from '../../lib/errors.ts';
import type { StartFailure } from '../instance.ts';
import type { ComposeCall } from './resolve.ts';

/** Milliseconds. */
const CONNECT_TIMEOUT = 20_000;

/**
 * Compose would give them the names of their services on that network, where those of other stacks have the same: so
 * they join it under none. Undefined when all are on it.
 */
export async function joinNetworks(
  call: ComposeCall,
  networks: readonly string[],
  containers: readonly string[],
): Promise<StartFailure | undefined> {
  for (const network of networks) {
    for (const container of containers) {
      const problem = await ask(call, ['network', 'connect', network, container]);
      if (problem === undefined || /already exists in network|already connected/.test(problem)) continue;
      return { message: `the container cannot join the network ${network}: ${problem}` };
    }
  }
  return undefined;
}

/** Undefined when it worked. */
async function ask(call: ComposeCall, words: readonly string[]): Promise<string | undefined> {
  const [first] = call.binary.command;
  const programs = ['docker', 'podman'].includes(first) ? [first] : ['docker', 'podman'];
  for (const program of programs) {
    try {
      await promisify(execFile)(program, [...words], {
        env: { ...call.environment },
        timeout: CONNECT_TIMEOUT,
      });
      return undefined;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') return stderrOf(error);
    }
  }
  return `${programs.join(' and ')} not found`;
}

function stderrOf(error: unknown): string {
  const text =
    typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : '';
  return text === '' ? messageOf(error) : (text.split('\n').at(-1) ?? text);
}
