/** Containers that a runner left running when it was stopped. Loads YAML and the schema. */
import { loadContract } from '../contract/load.ts';
import { ContractError } from '../contract/contract-error.ts';
import { PortrampError, messageOf } from '../lib/errors.ts';
import { isFolderGone } from '../lib/gone-folder.ts';
import { locateHome } from '../lib/home.ts';
import type { DaemonClient } from '../protocol/client.ts';
import { findCompose } from '../runtime/compose/binary.ts';
import type { RunningStack, StackKey } from '../protocol/messages.ts';
import { isUp, takeDown, takeDownUnread } from '../stack/compose/down.ts';
import { storeProjects, unreadProjects, type Projects } from '../stack/compose/projects.ts';
import { listOverrides } from '../stack/compose/store.ts';
import { prepareStack, type PreparedStack } from '../stack/prepare.ts';
import { isSameStack, openDaemon } from './daemon-access.ts';
import { findUnattended } from './unattended.ts';
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
  // What a checkout left that is gone is removed by `clean`, which knows whether somebody else uses it.
  if (await isFolderGone(key.root)) return undefined;
  const client = await openDaemon();
  try {
    const read = await readProjects(key, client);
    if ('problem' in read) return await removeUnread(key, client, read, say);
    const { prepared, projects } = read;
    if (!(await isUp(prepared, projects))) return undefined;
    const failure = await takeDown(prepared, projects, say);
    if (failure === undefined) return prepared.stack;
    throw new PortrampError('ENGINE_UNREACHABLE', failure.message, { hint: failure.hint });
  } finally {
    client.close();
  }
}

/** Why the projects of a stack cannot be read. */
interface Unread {
  readonly problem: string;
  /** Thrown where nothing is found by labels either; absent where that is then all there is to say. */
  readonly error?: Error | undefined;
}

async function readProjects(
  key: StackKey,
  client: DaemonClient,
): Promise<{ readonly prepared: PreparedStack; readonly projects: Projects } | Unread> {
  const { root, environment } = key;
  const { contract, diagnostics } = await loadContract(root, { environment, personal: true });
  if (contract === undefined)
    return { problem: `cannot be read: ${diagnostics[0]?.message ?? `there is none in ${root}`}` };
  if (contract.compose === undefined) return { problem: 'speaks of no containers' };
  try {
    const prepared = await prepareStack({
      key,
      home: locateHome(),
      client,
      ambient: process.env,
      purpose: 'remove',
    });
    const projects = await storeProjects(locateHome(), prepared);
    return projects === undefined
      ? { problem: 'cannot be carried out without Docker Compose' }
      : { prepared, projects };
  } catch (error) {
    const isUnreadable = error instanceof ContractError || error instanceof PortrampError;
    if (!isUnreadable) throw error;
    return { problem: `cannot be carried out: ${messageOf(error)}`, error };
  }
}

/** Takes down by labels what the files of the stack do not tell. */
async function removeUnread(
  key: StackKey,
  client: DaemonClient,
  { problem, error }: Unread,
  say: (text: string) => void,
): Promise<{ readonly slug: string } | undefined> {
  const home = locateHome();
  const { stacks } = await client.request('list', { all: true });
  const overrides = await listOverrides(home);
  const stack = stacks.find((each) => isSameStack(each, key));
  const title = stack?.slug ?? overrides.find(({ origin }) => origin?.root === key.root)?.title;
  // Nothing was ever made of a stack that no override is of.
  const names = new Set(overrides.flatMap((each) => (each.title === title ? [each.project] : [])));
  if (title === undefined || names.size === 0) {
    if (error !== undefined) throw error;
    return undefined;
  }
  const call = { binary: await findCompose(process.env), environment: process.env };
  const found = await takeDownUnread(unreadProjects(home, call, { title, names: [...names], stack }), say);
  if (found === undefined) {
    if (error !== undefined) throw error;
    return undefined;
  }
  say(
    `the contract of ${title} ${problem}; its containers were found by their labels, and no cleanup was run`,
  );
  if (found.failure === undefined) return { slug: title };
  throw new PortrampError('ENGINE_UNREACHABLE', found.failure.message, { hint: found.failure.hint });
}

/** Removes what runs of all stacks that have no runner. One that cannot be removed keeps no other from it. */
export async function removeUnattended(say: (text: string) => void): Promise<{
  readonly removed: readonly { readonly slug: string }[];
  readonly failures: readonly unknown[];
}> {
  const client = await openDaemon();
  const { stacks } = await client.request('list', { all: true }).finally(() => client.close());
  const removed: { slug: string }[] = [];
  const failures: unknown[] = [];
  for (const stack of await stacksWithContainers(stacks)) {
    try {
      const found = await removeContainers(stack, say);
      if (found === undefined) await demandNothingLeft(stack);
      else removed.push(found);
    } catch (error) {
      failures.push(error);
    }
  }
  return { removed, failures };
}

async function stacksWithContainers(stacks: readonly RunningStack[]): Promise<RunningStack[]> {
  const client = await openDaemon();
  const { of } = await findUnattended(client, stacks).finally(() => client.close());
  return stacks.filter(({ slug, pid }) => pid === undefined && of.has(slug));
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
