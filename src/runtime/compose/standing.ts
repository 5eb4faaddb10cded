/** What there is of a Compose project in the engine. */
import type { EngineClient } from '../engine/client.ts';
import { containersOf } from '../engine/containers.ts';
import { volumesOf } from '../engine/leftovers.ts';
import { findForeign } from './foreign.ts';

/** `data`: volumes alone, also what the engine may have that cannot be asked. */
export type Standing = 'containers' | 'data' | 'nothing';

/** @param folders In which the containers were made; those of other folders are somebody else's. */
export async function findStanding(
  engine: EngineClient,
  project: string,
  folders: readonly string[],
): Promise<Standing> {
  try {
    const containers = await containersOf(engine, project);
    if (containers.length > 0)
      return (await findForeign(containers, folders)) === undefined ? 'containers' : 'nothing';
    return (await volumesOf(engine, project)).length > 0 ? 'data' : 'nothing';
  } catch {
    return 'data';
  }
}
