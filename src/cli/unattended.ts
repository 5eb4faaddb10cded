/** Containers that run although no runner has them: whose they are is told by the labels of the override they were made with. */
import { PortrampError } from '../lib/errors.ts';
import { isFolderGone } from '../lib/gone-folder.ts';
import { locateHome, type Home } from '../lib/home.ts';
import { shellWord } from '../lib/shell-word.ts';
import type { DaemonClient } from '../protocol/client.ts';
import type { RunningStack } from '../protocol/messages.ts';
import { listUsers } from '../runtime/compose/users.ts';
import { createEngineClient } from '../runtime/engine/client.ts';
import { findEndpoint } from '../runtime/engine/endpoint.ts';
import { listRunning, type RunningContainer } from '../runtime/engine/publishers.ts';
import { listLiveRuns } from '../runtime/runs/clean.ts';
import { sharedProjectName } from '../stack/compose/naming.ts';
import { usersFile } from '../stack/compose/projects.ts';
import { composeFolder, listOverrides, titleAmong } from '../stack/compose/store.ts';
import { engineProgram } from './engine-program.ts';

/** A stack as far as records tell it: the ledger may have lost it, and its folder may not have been written down. */
export interface RecordedStack {
  readonly slug: string;
  readonly root?: string | undefined;
  readonly environment?: string | undefined;
}

export interface MadeContainer extends RunningContainer {
  /** Those that it belongs to: several where branches share it. */
  readonly owners: readonly RecordedStack[];
  /** Whether the runner of one of them lives. */
  readonly isAttended: boolean;
}

/** The containers of the engine: portramp's, and those of everybody else. */
export interface RunningContainers {
  readonly made: readonly MadeContainer[];
  readonly others: readonly RunningContainer[];
}

/**
 * Asks the engine; undefined where there is none that portramp ever used.
 * @throws PortrampError ENGINE_UNREACHABLE
 */
export async function findRunning(client: DaemonClient): Promise<RunningContainers | undefined> {
  const home = locateHome();
  const program = engineProgram();
  const overrides = await listOverrides(home);
  // Nobody waits for an engine far away of which nothing is known.
  if (overrides.length === 0 && (await findEndpoint(process.env, program)).kind !== 'socket')
    return undefined;
  const running = await listRunning(createEngineClient(process.env, program));
  const { stacks } = await client.request('list', { all: true });
  const { live } = await listLiveRuns(home.runs);
  const made: MadeContainer[] = [];
  const others: RunningContainer[] = [];
  for (const container of running) {
    const title = titleAmong(container.files, composeFolder(home));
    if (title === undefined) {
      others.push(container);
      continue;
    }
    const recorded = overrides.find((each) => each.title === title)?.origin?.root;
    const owners = await ownersOf(home, title, { stacks, recorded });
    const isAttended = owners.some(
      ({ root, environment, slug }) =>
        stacks.some((stack) => stack.slug === slug && stack.pid !== undefined) ||
        live.some((run) => run.root === root && run.environment === (environment ?? run.environment)),
    );
    made.push({ ...container, owners, isAttended });
  }
  return { made, others };
}

/** Milliseconds: as long as a container may take to end. */
const STOP_TIMEOUT = 120_000;

/** Stops a container. @throws PortrampError ENGINE_UNREACHABLE, also where the engine refuses */
export async function stopContainer({ id, name }: RunningContainer): Promise<void> {
  const engine = createEngineClient(process.env, engineProgram());
  const problem = await engine.send('POST', `/containers/${id}/stop`, { timeout: STOP_TIMEOUT });
  if (problem === undefined) return;
  throw new PortrampError('ENGINE_UNREACHABLE', `the container ${name} was not stopped: ${problem}`, {
    hint: `docker stop ${name}`,
  });
}

/** @param recorded The checkout, by the override. */
async function ownersOf(
  home: Home,
  title: string,
  { stacks, recorded }: { readonly stacks: readonly RunningStack[]; readonly recorded: string | undefined },
): Promise<readonly RecordedStack[]> {
  const own = stacks.find(({ slug }) => slug === title);
  if (own !== undefined) return [own];
  const users = await listUsers(usersFile(home, title)).catch(() => []);
  if (users.length > 0) return users;
  const sharers = stacks.filter((stack) => sharedProjectName(stack) === title);
  return sharers.length > 0 ? sharers : [{ slug: title, root: recorded }];
}

/** Lists what runs of each stack at rest, by its slug, and a sentence for each stack that the ledger does not have. */
export async function findUnattended(
  client: DaemonClient,
  stacks: readonly RunningStack[],
): Promise<{
  readonly of: ReadonlyMap<string, readonly MadeContainer[]>;
  readonly texts: readonly string[];
}> {
  // What could not be asked is told with the leftovers.
  const running = await findRunning(client).catch(() => undefined);
  const of = new Map<string, MadeContainer[]>();
  const lost = new Map<string, RecordedStack>();
  const byName = (running?.made ?? []).toSorted((left, right) => (left.name < right.name ? -1 : 1));
  for (const container of byName) {
    if (container.isAttended) continue;
    for (const owner of container.owners) {
      of.set(owner.slug, [...(of.get(owner.slug) ?? []), container]);
      if (!stacks.some(({ slug }) => slug === owner.slug)) lost.set(owner.slug, owner);
    }
  }
  const texts: string[] = [];
  for (const { slug, root } of lost.values()) {
    if (root === undefined || (await isFolderGone(root))) continue;
    const containers = describeContainers(of.get(slug) ?? []);
    texts.push(
      `${slug} in ${root} has no runner, but ${containers} — portramp down --dir ${shellWord(root)}`,
    );
  }
  return { of, texts };
}

/** In words: `the container shop-db-1 (:5432) of it runs`. */
export function describeContainers(containers: readonly RunningContainer[]): string {
  const names = containers
    .map((each) => {
      const ports = portsOf(each);
      return ports.length === 0 ? each.name : `${each.name} (${ports.map((port) => `:${port}`).join(' ')})`;
    })
    .join(', ');
  return containers.length === 1
    ? `its container ${names} runs`
    : `${containers.length} containers of it run: ${names}`;
}

const portsOf = ({ published }: RunningContainer): number[] => [
  ...new Set(published.map((port) => Number.parseInt(port, 10))),
];

export const containerJson = (container: RunningContainer) => ({
  name: container.name,
  project: container.project,
  service: container.service,
  ports: portsOf(container),
});
