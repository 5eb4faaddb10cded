/**
 * What stands around `docker compose up`: before it, is everything free that it needs; after it failed, why, and away
 * with what it left half-started (a conflict leaves containers that were created and never ran).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';

import type { ComposeProject } from '../../compose/model.ts';
import type { Published } from '../../compose/override.ts';
import { selectStarted } from '../../compose/selection.ts';
import { PortrampError } from '../../lib/errors.ts';
import type { ComposeArguments } from './arguments.ts';
import type { DataOwner } from './calls.ts';
import type { Container } from '../engine/containers.ts';
import { listPublishers } from '../engine/publishers.ts';
import { engineOf, listContainers } from './containers.ts';
import { describeForeign, findForeign } from './foreign.ts';
import { runCompose, type ComposeCall } from './resolve.ts';

export interface UpOptions {
  readonly call: ComposeCall;
  readonly arguments: ComposeArguments;
  readonly project: ComposeProject;
  readonly published: readonly Published[];
  /** The checkout and the project's own folder: containers of others are somebody else's. */
  readonly folders: readonly string[];
  readonly data: DataOwner;
  /** Who holds this TCP port, for a person; undefined when it is free. */
  readonly describeHolder: (port: number) => Promise<string | undefined>;
  readonly say: (text: string) => void;
}

export interface Attempt {
  /** Tells why it failed and takes back what it began. Does nothing for code 0. */
  end(code: number): Promise<void>;
}

/** Milliseconds. */
const LOGS_TIMEOUT = 10_000;
const DOWN_TIMEOUT = 120_000;

const LOG_LINES = 10;

/** Pauses between looks for containers that the engine was asked for and has not finished (milliseconds). */
const LATE_LOOKS = [100, 200, 400, 800, 1_500];

/** Commands that change nothing of the containers, networks and volumes that are there. */
const READING = new Set(
  'attach build commit config convert events export images logs port ps publish pull push stats top volumes wait'.split(
    ' ',
  ),
);

/** Commands of these that show what there is of containers, whoever made them. */
const SHOWING = new Set('attach commit events export images logs port ps stats top volumes wait'.split(' '));

/** Commands that make containers, and the volumes of these. */
const MAKING = new Set(['up', 'create', 'start', 'run']);

/** Commands that take numbers. */
const STARTING = new Set(['up', 'create', 'start']);

/**
 * Looks at what is there before a command is run. Undefined for commands that start nothing, and without an engine:
 * Compose says that itself.
 * @throws PortrampError PORT_TAKEN; COMPOSE_NAME_TAKEN where the containers, or the data, belong to another folder, which no command
 * may change from here. Then nothing was done.
 */
export async function beginUp(options: UpOptions): Promise<Attempt | undefined> {
  const { command = '', rest } = options.arguments;
  if (READING.has(command) && !SHOWING.has(command)) return undefined;
  let before: Container[];
  try {
    before = await listContainers(options.call);
  } catch {
    return undefined;
  }
  if (SHOWING.has(command)) return tellForeign(before, options);
  await refuseForeign(before, options);
  if (MAKING.has(command)) await options.data.take();
  if (!STARTING.has(command)) return undefined;
  await refuseTaken(before, options);
  if (command === 'start') return undefined;
  const detached = rest.some((word) => /^(-d|--detach|--wait)$/.test(word)) || command === 'create';
  return { end: (code) => (code === 0 ? Promise.resolve() : afterFailure(options, before, detached)) };
}

/** Says whose what is shown is, where it is another folder's. */
async function tellForeign(containers: readonly Container[], options: UpOptions): Promise<undefined> {
  const folder = await findForeign(containers, options.folders);
  if (folder !== undefined) options.say(`portramp: ${describeForeign(options.project.name, folder).message}`);
}

async function refuseForeign(
  containers: readonly Container[],
  { folders, project, data }: UpOptions,
): Promise<void> {
  const folder = await findForeign(containers, folders);
  const failure = folder === undefined ? await data.refuse() : describeForeign(project.name, folder);
  if (failure === undefined) return;
  const { message, hint } = failure;
  throw new PortrampError('COMPOSE_NAME_TAKEN', message, { hint });
}

async function refuseTaken(containers: readonly Container[], options: UpOptions): Promise<void> {
  const own = new Set(containers.flatMap((container) => container.published));
  const taken = await findTaken(own, options);
  if (taken.length === 0) return;
  throw new PortrampError('PORT_TAKEN', taken.join('\n'), {
    hint: `end ${taken.length === 1 ? 'it' : 'them'} and try again; nothing was started`,
  });
}

/** A sentence for every number that `up` needs and somebody else holds: a container, or any process. */
async function findTaken(own: ReadonlySet<number>, options: UpOptions): Promise<string[]> {
  const started = selectStarted(options.project, namedServices(options), options.call.profiles);
  const publishers = await listPublishers(engineOf(options.call));
  const sentences: string[] = [];
  for (const { service, name, number, span, protocol } of options.published) {
    if (!started.has(service)) continue;
    for (let each = number; each < number + span; each += 1) {
      if (own.has(each)) continue;
      // Of processes, only those that have TCP ports are known.
      const process = protocol === 'tcp' ? () => options.describeHolder(each) : () => undefined;
      const holder = publishers.get(`${each}/${protocol}`)?.text ?? (await process());
      if (holder !== undefined) sentences.push(`port ${each} (${name} of ${service}) is held by ${holder}`);
    }
  }
  return sentences;
}

/** Words of the command that are services; values of options may be taken for some, which only checks more. */
const namedServices = ({ arguments: { rest }, project }: UpOptions): string[] =>
  rest.filter((word) => project.services.has(word));

async function afterFailure(
  options: UpOptions,
  before: readonly Container[],
  detached: boolean,
): Promise<void> {
  const { call, say } = options;
  const known = new Set(before.map((container) => container.id));
  const after = await lookUntilFinished(options, known).catch(() => undefined);
  if (after === undefined) return;
  const begun = after.filter((container) => !known.has(container.id));
  const isStuck = begun.some((container) => container.state === 'created');
  // A network is made before the first container: it may be all that there is.
  if (after.length === 0) return takeBack(call, before, begun);
  // In the foreground, a container that ran and failed is what the user wants to look at.
  if (begun.length === 0 || (!isStuck && !detached)) return;
  await explain(options, after, begun);
  await takeBack(call, before, begun);
  say(`portramp: removed what was half-started: ${begun.map(({ name }) => name).join(', ')}`);
}

/**
 * Looks at what is there after a failure. Where containers could not be made, Compose has given up the others that it
 * asked for beside them; the engine has not, and shows each of them only when it is finished.
 */
async function lookUntilFinished(options: UpOptions, known: ReadonlySet<string>): Promise<Container[]> {
  const started = selectStarted(options.project, namedServices(options), options.call.profiles);
  for (const milliseconds of [...LATE_LOOKS, undefined]) {
    const containers = await listContainers(options.call);
    const begun = containers.filter(({ id }) => !known.has(id));
    const isMaking = begun.length === 0 || begun.some(({ state }) => state === 'created');
    const isWhole = [...started].every((name) => containers.some(({ service }) => service === name));
    if (!isMaking || isWhole || milliseconds === undefined) return containers;
    await pause(milliseconds);
  }
  return [];
}

async function explain(
  options: UpOptions,
  after: readonly Container[],
  begun: readonly Container[],
): Promise<void> {
  const { call, say } = options;
  const held = new Set(after.flatMap((container) => container.published));
  for (const sentence of await findTaken(held, options)) say(`portramp: ${sentence}`);
  for (const { service, name, health, state, exitCode } of begun) {
    const isBad = health === 'unhealthy' || (state === 'exited' && exitCode !== 0);
    if (!isBad) continue;
    const what = health === 'unhealthy' ? 'is unhealthy' : `exited with code ${exitCode}`;
    say(`portramp: ${name} ${what}; the last lines of its log:`);
    const words = ['logs', '--no-color', '--no-log-prefix', '--tail', String(LOG_LINES), service];
    const { stdout } = await runCompose(call, words, { timeout: LOGS_TIMEOUT });
    const lines = stripVTControlCharacters(stdout)
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '');
    for (const line of lines.length === 0 ? ['(it printed nothing)'] : lines) say(`  ${line}`);
  }
}

/** `down` where nothing was there before, so that its networks go too; else only services that are new. */
async function takeBack(
  call: ComposeCall,
  before: readonly Container[],
  begun: readonly Container[],
): Promise<void> {
  const older = new Set(before.map((container) => container.service));
  const services = [...new Set(begun.map((container) => container.service))].filter(
    (name) => !older.has(name),
  );
  const everything = { ...call, profiles: ['*'] };
  if (before.length === 0) await runCompose(everything, ['down'], { timeout: DOWN_TIMEOUT });
  else if (services.length > 0) {
    await runCompose(everything, ['rm', '--force', '--stop', ...services], { timeout: DOWN_TIMEOUT });
  }
}
