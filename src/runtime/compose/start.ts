/** Starts the containers of one service, alone or beside others that use them. */
import { setTimeout as pause } from 'node:timers/promises';

import { systemClock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { StartFailure } from '../instance.ts';
import { isAlive, isPassing, listNetworks, startContainer, type Container } from '../engine/containers.ts';
import { mustBeMadeAnew } from './detached.ts';
import { engineOf, hashOf, listContainers, projectOf } from './containers.ts';
import type { ContainerSpec } from './engine.ts';
import { explainFailure, findNameHolder } from './failure.ts';
import { describeForeign, findForeign } from './foreign.ts';
import { joinNetworks } from './network.ts';
import { runCompose, type Answer, type ComposeCall } from './resolve.ts';
import type { ProjectCalls } from './calls.ts';
import type { User } from './users.ts';

/** Milliseconds: an image may have to be pulled or built first. */
const UP_TIMEOUT = 30 * 60_000;
const REMOVE_TIMEOUT = 120_000;
/** How long the engine may take over a container that an earlier attempt asked for (milliseconds), and looks at it. */
const LATE = 60_000;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 1_000;

/** What a start is about. */
export type StartSpec = Pick<
  ContainerSpec,
  'name' | 'service' | 'nameOf' | 'findConflict' | 'ownNetworks' | 'networks' | 'jobs' | 'numbers'
>;

/**
 * Undefined when the containers of the service run. What a failed attempt created is removed again.
 * @param folders As in `ProjectCalls`.
 */
export async function up(
  call: ComposeCall,
  spec: StartSpec,
  folders?: readonly string[],
): Promise<StartFailure | undefined> {
  const { service, findConflict } = spec;
  try {
    const before = await listContainers(call);
    const foreign = await findForeign(before, folders);
    if (foreign !== undefined) return describeForeign(projectOf(call), foreign);
    const conflict = await findConflict(new Set(before.flatMap((each) => each.published)));
    if (conflict !== undefined) return conflict;
    const failure = (await putBack(call, [spec], before)) ?? (await beginAfterOthers(call, spec, before));
    if (failure === undefined) return undefined;
    await removeStuck(call, new Set([service]), before);
    return failure;
  } catch (error) {
    return describe(error);
  }
}

/** Starts services of the stack's own project, unless its data is another checkout's. The results are in their order. */
export async function upOwn(
  { call, folders, data }: ProjectCalls,
  specs: readonly StartSpec[],
): Promise<readonly (StartFailure | undefined)[]> {
  const refusal = await data?.refuse();
  if (refusal !== undefined) {
    // Where the other checkout's containers are there too, those are what is to be ended first.
    const foreign = await findForeign(await listContainers(call), folders);
    const failure = foreign === undefined ? refusal : describeForeign(projectOf(call), foreign);
    return specs.map(() => failure);
  }
  const failures = await upAll(call, specs, folders);
  if (failures.includes(undefined)) await data?.take();
  return failures;
}

/**
 * Starts several services. One call of Compose starts them all at once; where that fails, one after the other shows which
 * of them it was. The results are in the order of the services.
 */
async function upAll(
  call: ComposeCall,
  specs: readonly StartSpec[],
  folders?: readonly string[],
): Promise<readonly (StartFailure | undefined)[]> {
  const started = new Set(specs.length > 1 ? await upTogether(call, specs, folders) : []);
  const results: (StartFailure | undefined)[] = [];
  for (const spec of specs) results.push(started.has(spec) ? undefined : await up(call, spec, folders));
  return results;
}

/** Those that run after one call for all of them whose ports are free; none when it failed. */
async function upTogether(
  call: ComposeCall,
  specs: readonly StartSpec[],
  folders: readonly string[] | undefined,
): Promise<readonly StartSpec[]> {
  try {
    const before = await listContainers(call);
    if ((await findForeign(before, folders)) !== undefined) return [];
    const own = new Set(before.flatMap((each) => each.published));
    const free: StartSpec[] = [];
    for (const spec of specs) {
      const isAlone = (spec.networks ?? []).length === 0 && (spec.jobs ?? []).length === 0;
      if (isAlone && (await spec.findConflict(own)) === undefined) free.push(spec);
    }
    if (free.length < 2) return [];
    const names = free.map(({ service }) => service);
    await putBack(call, free, before);
    const { code } = await runCompose(call, ['up', '--detach', ...names], { timeout: UP_TIMEOUT });
    if (code === 0) return free;
    await removeStuck(call, new Set(names), before);
  } catch {
    // Each start tells by itself what is wrong.
  }
  return [];
}

/** Removes what a failed attempt made of these services and did not start. */
async function removeStuck(
  call: ComposeCall,
  names: ReadonlySet<string>,
  before: readonly Container[],
): Promise<void> {
  const known = new Set(before.map(({ id }) => id));
  const older = new Set(before.map(({ service }) => service));
  // To data without a name nothing leads but the container that has taken the place of the one before.
  const isHeir = ({ service, nameless }: Container): boolean => older.has(service) && nameless.length > 0;
  const after = await listContainers(call).catch(() => []);
  const stuck = after.filter(
    (each) => names.has(each.service) && each.state === 'created' && !known.has(each.id) && !isHeir(each),
  );
  const services = [...new Set(stuck.map(({ service }) => service))];
  if (services.length === 0) return;
  await runCompose(call, ['rm', '--force', '--stop', ...services], { timeout: REMOVE_TIMEOUT });
}

/**
 * Compose makes containers side by side, and gives all of them up when one fails. The engine does not: it finishes what
 * it was asked for, and the name is taken until then. An attempt that meets such a container begins again: one that is
 * finished is started, however old it is.
 */
async function beginAfterOthers(
  call: ComposeCall,
  spec: StartSpec,
  before: readonly Container[],
): Promise<StartFailure | undefined> {
  const known = new Set(before.map(({ id }) => id));
  const began = systemClock.now();
  for (let wait = FIRST_PAUSE; ; wait = Math.min(2 * wait, LONGEST_PAUSE)) {
    const failure = await begin(call, spec);
    const holder = failure && findNameHolder(failure.message);
    if (holder === undefined || known.has(holder) || systemClock.now() - began > LATE) return failure;
    if (!(await isPassing(engineOf(call), holder, projectOf(call)))) return failure;
    await pause(wait);
  }
}

/**
 * Compose starts a container that was taken off its networks as it is, and one whose network was removed not at all: only
 * one that is made anew is where it belongs. Its data is kept, also that of volumes without a name.
 */
async function putBack(
  call: ComposeCall,
  specs: readonly StartSpec[],
  before: readonly Container[],
): Promise<StartFailure | undefined> {
  const ofSpec = ({ service }: StartSpec): Container[] => before.filter((each) => each.service === service);
  // A network that somebody is on cannot be removed.
  const areAsked = specs.flatMap(ofSpec).some(({ state }) => state !== 'running');
  const existing = areAsked ? await listNetworks(engineOf(call)) : undefined;
  const cut = specs.flatMap((spec) =>
    ofSpec(spec).some((each) => mustBeMadeAnew(each, spec.ownNetworks, existing)) ? [spec.service] : [],
  );
  if (cut.length === 0) return undefined;
  const words = ['up', '--no-start', '--no-deps', '--force-recreate', ...cut];
  return failureOf(await runCompose(call, words, { timeout: UP_TIMEOUT }), specs[0]);
}

/** Not `--no-deps`: what a service depends on is part of what Compose recognises its containers by. */
async function begin(call: ComposeCall, spec: StartSpec): Promise<StartFailure | undefined> {
  const { service, networks = [], jobs = [] } = spec;
  const areDone = jobs.length > 0 && haveDoneTheirWork(await listContainers(call), jobs);
  if (networks.length > 0 || areDone) {
    const created = await runCompose(call, ['create', service], { timeout: UP_TIMEOUT });
    if (created.code !== 0) return failureOf(created, spec);
    const own = (await listContainers(call)).filter((each) => each.service === service);
    const failure = await joinNetworks(
      call,
      networks,
      own.map(({ name }) => name),
    );
    if (failure !== undefined) return failure;
    if (areDone) return startEach(call, own);
  }
  return failureOf(await runCompose(call, ['up', '--detach', service], { timeout: UP_TIMEOUT }), spec);
}

const haveDoneTheirWork = (containers: readonly Container[], jobs: readonly string[]): boolean =>
  jobs.every((job) => {
    const own = containers.filter(({ service }) => service === job);
    return own.length > 0 && own.every(({ state, exitCode }) => state === 'exited' && exitCode === 0);
  });

/** Has the engine start them: Compose would start what they depend on as well, a migration that is done too. */
async function startEach(call: ComposeCall, own: readonly Container[]): Promise<StartFailure | undefined> {
  for (const { id } of own) {
    const problem = await startContainer(engineOf(call), id);
    if (problem !== undefined) return explainFailure(problem, 1);
  }
  return undefined;
}

const failureOf = (
  { code, stderr }: Answer,
  { nameOf }: Partial<Pick<StartSpec, 'nameOf'>> = {},
): StartFailure | undefined => (code === 0 ? undefined : explainFailure(stderr, code, nameOf));

/**
 * The same for containers that other stacks may be using: what runs for them is left as it is, and told where this
 * checkout would have it otherwise.
 */
export async function upShared(
  call: ComposeCall,
  spec: StartSpec,
  others: readonly User[],
  say: (text: string) => void,
): Promise<StartFailure | undefined> {
  const { name, service, numbers } = spec;
  if (others.length === 0) return up(call, spec);
  try {
    const own = (await listContainers(call)).filter((each) => each.service === service && isRunning(each));
    // One that is cut off serves nobody, whoever started it.
    const isLost = own.some((each) => mustBeMadeAnew(each, spec.ownNetworks));
    if (own.length === 0 || isLost) return await up(call, spec);
    const published = new Set(own.flatMap((each) => each.published));
    const missing = numbers.filter((number) => !published.has(number));
    const slugs = others.map(({ slug }) => slug).join(', ');
    if (missing.length === 0) {
      const hash = await hashOf(call, service);
      const isOther = own.some(({ configHash }) => configHash !== hash);
      if (isOther && hash !== undefined) {
        say(
          `runs as ${slugs} had it started, which is not what the files here say; take ${slugs} down for that`,
        );
      }
      return undefined;
    }
    return {
      message: `${name} runs without port ${missing.join(', ')}, as ${slugs} had it started`,
      hint: `take ${slugs} down first: one container cannot be two`,
    };
  } catch (error) {
    return describe(error);
  }
}

/** One that was made and never ran is what a failed start left. */
const isRunning = (container: Container): boolean => isAlive(container) && container.state !== 'created';

const describe = (error: unknown): StartFailure => ({
  message: messageOf(error),
  ...(error instanceof Error && 'hint' in error && typeof error.hint === 'string'
    ? { hint: error.hint }
    : {}),
});
