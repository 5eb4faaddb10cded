/** The end of a stack's containers: what the contract wants cleaned up, then what nobody uses any more is removed. */
import { runCleanup } from '../../runtime/compose/cleanup.ts';
import { isAlive, listContainers } from '../../runtime/compose/containers.ts';
import { explainFailure } from '../../runtime/compose/failure.ts';
import { runCompose, type ComposeCall } from '../../runtime/compose/resolve.ts';
import type { StartFailure } from '../../runtime/instance.ts';
import type { PreparedStack } from '../prepare.ts';
import type { Projects, SharedProject } from './projects.ts';

/** Milliseconds. */
const DOWN_TIMEOUT = 120_000;

interface Chore {
  /** In the contract. */
  readonly name: string;
  /** In the project. */
  readonly service: string;
  readonly command: string | readonly string[];
  readonly call: ComposeCall;
}

/** Whether there is anything that `takeDown` would remove, or let go of. @throws PortrampError ENGINE_UNREACHABLE */
export async function isUp({ own, held }: Projects): Promise<boolean> {
  if ((await listContainers(own)).length > 0 || (await held.users.own()).length > 0) return true;
  return (await held.users.areFree()) && (await listContainers(held.call)).length > 0;
}

/**
 * Removes the containers and networks of the stack, and what all branches share when no other stack uses it. A cleanup
 * that fails is told, and stops nothing. Undefined when all is gone, else why not.
 */
export async function takeDown(
  { services, stack }: Pick<PreparedStack, 'services' | 'stack'>,
  { own, shared, held }: Projects,
  say: (text: string) => void,
): Promise<StartFailure | undefined> {
  const used = await held.users.own();
  const chores = [...services.values()].flatMap(({ name, service }): Chore[] => {
    if (service.kind !== 'compose' || service.cleanup === undefined) return [];
    const chore = { name, service: service.compose, command: service.cleanup };
    if (service.scope === 'stack') return [{ ...chore, call: own }];
    return shared !== undefined && used.includes(chore.service) ? [{ ...chore, call: shared.call }] : [];
  });
  const variables = { PORTRAMP_STACK: stack.slug, PORTRAMP_WORKSPACE: stack.workspace };
  for (const chore of await readyChores(own, chores)) {
    const problem = await runCleanup(chore.call, { ...chore, variables });
    if (problem !== undefined) say(`the cleanup of ${chore.name} failed: ${problem}`);
  }
  const failure = await ask(own, ['down']);
  // What the stack had of its own is in the way of nobody else.
  const left = await letGo(held, used);
  return failure ?? left;
}

/** Stops those who may be using what is cleaned up. Those of the stack that did not run are left out. */
async function readyChores(own: ComposeCall, chores: readonly Chore[]): Promise<readonly Chore[]> {
  if (chores.length === 0) return [];
  const running = await listContainers(own).then(
    (containers) => new Set(containers.filter(isAlive).map(({ service }) => service)),
    // `down` is going to say so.
    () => new Set<string>(),
  );
  const isKept = (service: string): boolean =>
    chores.some((chore) => chore.call === own && chore.service === service);
  const users = [...running].filter((service) => !isKept(service));
  if (users.length > 0) await ask(own, ['stop', ...users]);
  return chores.filter(({ call, service }) => call !== own || running.has(service));
}

async function letGo(
  { call, users }: SharedProject,
  services: readonly string[],
): Promise<StartFailure | undefined> {
  // One that was stopped before has no user any more.
  if (services.length === 0 && !(await users.areFree())) return undefined;
  return users.end(services, async ({ unused, isLast }) => {
    if (isLast) return ask(call, ['down']);
    return unused.length === 0 ? undefined : ask(call, ['rm', '--force', '--stop', ...unused]);
  });
}

async function ask(call: ComposeCall, words: readonly string[]): Promise<StartFailure | undefined> {
  const { code, stderr } = await runCompose(call, words, { timeout: DOWN_TIMEOUT });
  return code === 0 ? undefined : explainFailure(stderr, code);
}
