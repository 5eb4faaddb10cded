/** The env files that Compose reads for itself: `.env`, or those that are named. */
import { definedIn, readEnvText } from '../../compose/env-text.ts';
import type { Variables } from '../../compose/interpolate.ts';
import { PortrampError } from '../../lib/errors.ts';
import { readFileOrPipe } from '../../lib/read-pipe.ts';

/** Larger files are no env files. Bytes. */
const MAX_SIZE = 4 * 1024 * 1024;

export interface EnvFiles {
  readonly variables: Variables;
  /** What Compose would refuse in one of them, with the place. */
  readonly problem?: string | undefined;
}

/**
 * Adds what the files say to what is set already: the first that sets a variable counts. A file that is absent or
 * unreadable sets none.
 * @throws PortrampError COMPOSE_INVALID for a pipe without a writer, at which Compose would wait for ever.
 */
export async function addEnvFiles(outer: Variables, paths: readonly string[]): Promise<EnvFiles> {
  let variables = outer;
  const problems: string[] = [];
  for (const path of paths) {
    const bytes = await readFileOrPipe(path, MAX_SIZE).catch(() => new Uint8Array());
    if (typeof bytes === 'string') {
      throw new PortrampError('COMPOSE_INVALID', `the env file ${path} ${bytes}`, {
        hint: 'start what fills it, or name another: --env-file FILE',
      });
    }
    const { values, problem } = readEnvText(Buffer.from(bytes).toString('utf8'), variables);
    if (problem !== undefined) problems.push(`the env file ${path}, ${problem}`);
    variables = { ...values, ...definedIn(variables) };
  }
  return { variables, problem: problems[0] };
}
