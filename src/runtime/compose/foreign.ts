/** Two folders whose Compose projects have one name: the second would take over containers and data of the first. */
import { realpath } from 'node:fs/promises';

import { isFolderGone } from '../../lib/gone-folder.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { Container } from '../engine/containers.ts';
import type { StartFailure } from '../instance.ts';

/**
 * Finds the folder that the containers belong to, where that is none of these.
 * @param folders The checkout and the project's own folder; absent: any will do.
 */
export async function findForeign(
  containers: readonly Container[],
  folders: readonly string[] | undefined,
): Promise<string | undefined> {
  if (folders === undefined) return undefined;
  const own = await Promise.all(folders.map(realFolder));
  const marked = new Set(containers.flatMap(({ workingDirectory: folder }) => folder ?? []));
  for (const folder of marked) {
    const real = await realFolder(folder);
    // One that is gone leaves its containers to whoever has the name now.
    if (real === undefined || own.some((one) => real === one || real.startsWith(`${one}/`))) continue;
    return folder;
  }
  return undefined;
}

/** Links followed; undefined where there is surely none. One that cannot be looked at is somebody's, as it is written. */
const realFolder = (folder: string): Promise<string | undefined> =>
  realpath(folder).catch(async () => ((await isFolderGone(folder)) ? undefined : folder));

/** Says so, and what helps. @param project Its name. @param folder The other one. */
export const describeForeign = (project: string, folder: string): Required<StartFailure> => ({
  message: `the containers of the Compose project "${project}" belong to ${folder}`,
  hint: `give one of the two another "name:", or remove them: docker compose -p ${project} down`,
});

/** Says that of data, and what helps. @param volumes Their names. */
export const describeForeignData = (
  project: string,
  folder: string,
  volumes: readonly string[],
): Required<StartFailure> => ({
  message: `the data of the Compose project "${project}" (${volumes.join(', ')}) belongs to ${folder}`,
  hint: `give one of the two another "name:" in its Compose file, or COMPOSE_PROJECT_NAME; where nobody needs that data: portramp down --volumes --dir ${shellWord(folder)}`,
});
