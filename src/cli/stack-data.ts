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

/** The outcome of a removal for one volume. */
export interface VolumeOutcome {
  /** The slug of the stack that it is of. */
  readonly stack: string;
  readonly name: string;
  readonly removed: boolean;
  /** Why it is there still, where somebody wanted it removed. */
  readonly reason?: string;
}

export interface DataRemoval {
  readonly volumes: readonly VolumeOutcome[];
  /** Names the stack's own data that could not be removed. */
  readonly failure?: PortrampError;
}

/**
 * Removes the volumes that the files of the stack make in its own project: not those that all branches share, nor
 * external ones, nor what others put into that project.
 * @param say Told of each volume, when it was removed and when it is kept, for a person.
 * @throws PortrampError ENGINE_UNREACHABLE, COMPOSE_INVALID, COMPOSE_NAME_TAKEN …
 */
export async function removeData(key: StackKey, say: (text: string) => void): Promise<DataRemoval> {
  const { contract } = await loadContract(key.root, { environment: key.environment, personal: true });
  if (contract?.compose === undefined) return { volumes: [] };
  const client = await openDaemon();
  try {
    const prepared = await prepareStack({
      key,
      home: locateHome(),
      client,
      ambient: process.env,
      purpose: 'remove',
    });
    const projects = await storeProjects(locateHome(), prepared);
    if (projects === undefined || prepared.compose === undefined) return { volumes: [] };
    const { byLabels } = projects.own;
    const stack = prepared.stack.slug;
    await demandOwn(projects.own);
    const engine = engineOf(byLabels);
    const names = (await volumesOf(engine, projectOf(byLabels))).map(({ name }) => name);
    const { own, kept } = sortVolumes(names, prepared.compose);
    const volumes: VolumeOutcome[] = [];
    const remove = async (name: string, what: string): Promise<void> => {
      const problem = await removeVolume(engine, name);
      if (problem === undefined) say(`removed the volume ${name}${what}`);
      volumes.push({
        stack,
        name,
        ...(problem === undefined ? { removed: true } : { removed: false, reason: problem }),
      });
    };
    for (const name of own) await remove(name, '');
    for (const name of await listNamelessOf(byLabels)) await remove(name, ', which had no name of its own');
    await noteNameless(byLabels.cwd, projectOf(byLabels), [], await listVolumeNames(engine));
    const problems = volumes.flatMap(({ reason }) => reason ?? []);
    for (const { name, why } of kept) say(`kept the volume ${name}: ${why}`);
    volumes.push(...kept.map(({ name, why }) => ({ stack, name, removed: false, reason: why })));
    if (problems.length === 0) return { volumes };
    const message = `not removed: ${problems.join('; ')}`;
    return { volumes, failure: new PortrampError('ENGINE_UNREACHABLE', message) };
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

/** Lists what the containers of the project left without a name, as far as it is there. */
async function listNamelessOf(byLabels: ComposeCall): Promise<string[]> {
  const existing = await listVolumeNames(engineOf(byLabels));
  const recorded = await readNameless(byLabels.cwd, projectOf(byLabels));
  return recorded.flatMap(({ name }) => (existing.has(name) ? [name] : []));
}
