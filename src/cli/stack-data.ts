/** The data of one stack in volumes of the container engine, and its removal. Loads YAML and the schema. */
import { loadContract } from '../contract/load.ts';
import { PortrampError } from '../lib/errors.ts';
import { locateHome } from '../lib/home.ts';
import type { ProjectCalls } from '../runtime/compose/calls.ts';
import { engineOf, listContainers, projectOf } from '../runtime/compose/containers.ts';
import { describeForeign, findForeign } from '../runtime/compose/foreign.ts';
import type { ComposeCall } from '../runtime/compose/resolve.ts';
import { listVolumeNames, removeVolume, volumesOf } from '../runtime/engine/leftovers.ts';
import type { StackKey } from '../protocol/messages.ts';
import { noteNameless, readNameless } from '../stack/compose/nameless.ts';
import { storeProjects } from '../stack/compose/projects.ts';
import { sortVolumes } from '../stack/compose/volumes.ts';
import { prepareStack } from '../stack/prepare.ts';
import { openDaemon } from './daemon-access.ts';

/**
 * Removes the volumes that the files of the stack make in its own project: not those that all branches share, nor
 * external ones, nor what others put into that project.
 * @param say Told of each volume, when it was removed and when it is kept, for a person.
 * @throws PortrampError ENGINE_UNREACHABLE, COMPOSE_INVALID, COMPOSE_NAME_TAKEN …
 */
export async function removeData(key: StackKey, say: (text: string) => void): Promise<void> {
  const { contract } = await loadContract(key.root, { environment: key.environment, personal: true });
  if (contract?.compose === undefined) return;
  const client = await openDaemon();
  try {
    const prepared = await prepareStack({ key, client, ambient: process.env });
    const projects = await storeProjects(locateHome(), prepared);
    if (projects === undefined || prepared.compose === undefined) return;
    const { byLabels } = projects.own;
    const project = projectOf(byLabels);
    await demandOwn(projects.own);
    const engine = engineOf(byLabels);
    const names = (await volumesOf(engine, project)).map(({ name }) => name);
    const { own, kept } = sortVolumes(names, prepared.compose);
    const problems: string[] = [];
    for (const name of own) {
      const problem = await removeVolume(engine, name);
      if (problem === undefined) say(`removed the volume ${name}`);
      else problems.push(problem);
    }
    for (const name of await removeNameless(byLabels, problems))
      say(`removed the volume ${name}, which had no name of its own`);
    for (const { name, why } of kept) say(`kept the volume ${name}: ${why}`);
    if (problems.length > 0)
      throw new PortrampError('ENGINE_UNREACHABLE', `not removed: ${problems.join('; ')}`);
  } finally {
    client.close();
  }
}

/** @throws PortrampError COMPOSE_NAME_TAKEN where the project is another folder's. */
async function demandOwn({ byLabels, folders, data }: ProjectCalls): Promise<void> {
  const foreign = await findForeign(await listContainers(byLabels), folders);
  const failure =
    foreign === undefined ? await data?.refuse() : describeForeign(projectOf(byLabels), foreign);
  if (failure === undefined) return;
  throw new PortrampError('COMPOSE_NAME_TAKEN', failure.message, { hint: failure.hint });
}

/** Removes what the containers of the project left without a name. What was removed. @param problems Added to. */
async function removeNameless(byLabels: ComposeCall, problems: string[]): Promise<string[]> {
  const engine = engineOf(byLabels);
  const existing = await listVolumeNames(engine);
  const removed: string[] = [];
  for (const { name } of await readNameless(byLabels.cwd, projectOf(byLabels))) {
    if (!existing.has(name)) continue;
    const problem = await removeVolume(engine, name);
    if (problem === undefined) removed.push(name);
    else problems.push(problem);
  }
  await noteNameless(byLabels.cwd, projectOf(byLabels), [], await listVolumeNames(engine));
  return removed;
}
