/** Containers that a runner left running when it was stopped. Loads YAML and the schema. */
import { loadContract } from '../contract/load.ts';
import { PortrampError } from '../lib/errors.ts';
import { isFolderGone } from '../lib/gone-folder.ts';
import { locateHome } from '../lib/home.ts';
import { engineOf, listContainers, projectOf } from '../runtime/compose/containers.ts';
import { describeForeign, findForeign } from '../runtime/compose/foreign.ts';
import { removeLeftover, volumesOf } from '../runtime/engine/leftovers.ts';
import type { StackKey } from '../protocol/messages.ts';
import { isUp, takeDown } from '../stack/compose/down.ts';
import { storeProjects } from '../stack/compose/projects.ts';
import { listOverrides } from '../stack/compose/store.ts';
import { prepareStack } from '../stack/prepare.ts';
import { openDaemon } from './daemon-access.ts';
import { describeDoubtful, describeLeftover, findInEngine } from './leftovers.ts';

/**
 * Removes the containers of the stack, if its contract has any. Undefined when there was nothing to remove.
 * @param say What went wrong on the way, for a person.
 * @throws PortrampError ENGINE_UNREACHABLE, COMPOSE_INVALID …
 */
export async function removeContainers(
  key: StackKey,
  say: (text: string) => void,
): Promise<{ readonly slug: string } | undefined> {
  const { contract } = await loadContract(key.root, { environment: key.environment, personal: true });
  if (contract?.compose === undefined) return undefined;
  const client = await openDaemon();
  try {
    const prepared = await prepareStack({ key, client, ambient: process.env });
    const projects = await storeProjects(locateHome(), prepared);
    if (projects === undefined || !(await isUp(projects))) return undefined;
    const failure = await takeDown(prepared, projects, say);
    if (failure === undefined) return prepared.stack;
    throw new PortrampError('ENGINE_UNREACHABLE', failure.message, { hint: failure.hint });
  } finally {
    client.close();
  }
}

/**
 * Refuses to say that nothing is there of a stack whose checkout is gone: what it left cannot be taken down without the
 * files that it was made from.
 * @throws PortrampError STACK_NOT_RUNNING with what is left of it, ENGINE_UNREACHABLE
 */
export async function demandNothingLeft({ root }: StackKey): Promise<void> {
  if (!(await isFolderGone(root))) return;
  const client = await openDaemon();
  try {
    const found = await findInEngine(client);
    if (found === undefined) return;
    if ('problem' in found) throw new PortrampError('ENGINE_UNREACHABLE', found.problem);
    const { stacks } = await client.request('list', { all: true });
    const titles = stacks.filter((stack) => stack.root === root).map(({ slug }) => slug);
    const projects = new Set(
      (await listOverrides(locateHome())).flatMap(({ title, project, origin }) =>
        origin?.root === root || titles.includes(title) ? [project] : [],
      ),
    );
    const left = found.leftovers.find(({ project }) => projects.has(project));
    const doubt = found.doubtful.find(({ leftover }) => projects.has(leftover.project));
    if (doubt !== undefined) throw new PortrampError('STACK_NOT_RUNNING', describeDoubtful(doubt));
    if (left === undefined) return;
    const options = left.containers.length + left.networks.length === 0 ? ' --volumes' : '';
    throw new PortrampError(
      'STACK_NOT_RUNNING',
      `the checkout ${root} was removed, and ${describeLeftover(left)} of it are left`,
      { hint: `portramp clean${options}` },
    );
  } finally {
    client.close();
  }
}

/**
 * Removes the volumes that the stack's own project has made: not those that all branches share, nor external ones. Their
 * names.
 * @throws PortrampError ENGINE_UNREACHABLE, COMPOSE_INVALID, COMPOSE_NAME_TAKEN …
 */
export async function removeData(key: StackKey): Promise<string[]> {
  const { contract } = await loadContract(key.root, { environment: key.environment, personal: true });
  if (contract?.compose === undefined) return [];
  const client = await openDaemon();
  try {
    const prepared = await prepareStack({ key, client, ambient: process.env });
    const projects = await storeProjects(locateHome(), prepared);
    if (projects === undefined) return [];
    const { byLabels, folders } = projects.own;
    const foreign = await findForeign(await listContainers(byLabels), folders);
    if (foreign !== undefined) {
      const { message, hint } = describeForeign(projectOf(byLabels), foreign);
      throw new PortrampError('COMPOSE_NAME_TAKEN', message, { hint });
    }
    const engine = engineOf(byLabels);
    // Those of the main checkout bear the name of whoever made them first.
    const volumes = (await volumesOf(engine, projectOf(byLabels))).filter(
      ({ name }) => prepared.compose?.borrowed.includes(name) !== true,
    );
    const left = { project: projectOf(byLabels), containers: [], networks: [], volumes };
    const [problem] = await removeLeftover(engine, left, { volumes: true });
    if (problem !== undefined) throw new PortrampError('ENGINE_UNREACHABLE', `not removed: ${problem}`);
    return volumes.map(({ name }) => name);
  } finally {
    client.close();
  }
}
