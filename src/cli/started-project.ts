/** Whether the shell means the Compose project in which a stack was started. */
import { locateHome } from '../lib/home.ts';
import type { StackKey } from '../protocol/messages.ts';
import { parseComposeArguments } from '../runtime/compose/arguments.ts';
import { findStanding } from '../runtime/compose/standing.ts';
import { createEngineClient } from '../runtime/engine/client.ts';
import { findOverruledName } from '../stack/compose/choices.ts';
import { readStarted } from '../stack/compose/started.ts';
import { engineProgram } from './engine-program.ts';

/**
 * Proves that nobody means another project than the one in which the stack runs.
 * @param words The command as Compose would be told it.
 * @throws PortrampError USAGE where the shell names another one.
 */
export async function demandStartedProject(key: StackKey, words: readonly string[]): Promise<void> {
  const named = process.env['COMPOSE_PROJECT_NAME'];
  const started = named === undefined ? undefined : await readStarted(locateHome(), key);
  if (started === undefined || started.project === named) return;
  const engine = createEngineClient(process.env, engineProgram());
  if ((await findStanding(engine, started.project, [key.root])) !== 'containers') return;
  findOverruledName({
    own: started.project,
    arguments: parseComposeArguments(words),
    ambient: process.env,
  });
}
