/** What stacks whose checkout is gone have left in the container engine, for `clean` and `ls --all`. */
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';

import { messageOf } from '../lib/errors.ts';
import { locateHome } from '../lib/home.ts';
import { shellWord } from '../lib/shell-word.ts';
import type { DaemonClient } from '../protocol/client.ts';
import { createEngineClient, type EngineClient } from '../runtime/engine/client.ts';
import { findEndpoint } from '../runtime/engine/endpoint.ts';
import {
  listProjects,
  listVolumeNames,
  removeLeftover,
  withSizes,
  type EngineProject,
  type Leftover,
} from '../runtime/engine/leftovers.ts';
import { listLiveRuns } from '../runtime/runs/clean.ts';
import { madeProjects, type Records, type Verdict } from '../stack/compose/belonging.ts';
import { createInquiry, type Inquiry } from '../stack/compose/inquiry.ts';
import { listNameless, noteNameless } from '../stack/compose/nameless.ts';
import { forgetOwner, listOwners } from '../stack/compose/owner.ts';
import { composeFolder, listOverrides } from '../stack/compose/store.ts';
import { engineProgram } from './engine-program.ts';
import { notice, print } from './terminal.ts';

export interface EngineLeftovers {
  readonly engine: EngineClient;
  /** Of projects that are proven gone. */
  readonly leftovers: readonly Leftover[];
  /** Of projects that are not in use as far as is known, and not proven gone either. */
  readonly doubtful: readonly Doubtful[];
  /** Overrides of projects that are gone, and of which nothing is left. */
  readonly spent: readonly string[];
}

export interface Doubtful {
  readonly leftover: Leftover;
  readonly verdict: Exclude<Verdict, { readonly kind: 'used' | 'gone' }>;
}

export type FoundInEngine =
  | EngineLeftovers
  /** The engine could not be asked, although something may be left in it. */
  | { readonly problem: string }
  | undefined;

/** Undefined where nothing can be left: what was made is in use, or nothing was made and there is no engine. */
export async function findInEngine(client: DaemonClient): Promise<FoundInEngine> {
  const home = locateHome();
  const overrides = await listOverrides(home);
  const { stacks } = await client.request('list', { all: true });
  const { live: runs } = await listLiveRuns(home.runs);
  const owners = await listOwners(
    home,
    overrides.map(({ project }) => project),
  );
  const records: Records = { folder: composeFolder(home), overrides, stacks, runs, owners };
  const inquiry = createInquiry(records);
  const program = engineProgram();
  // Nobody waits for an engine far away of which nothing is known.
  if (overrides.length === 0 && (await findEndpoint(process.env, program)).kind !== 'socket')
    return undefined;
  const engine = createEngineClient(process.env, program);
  try {
    return { engine, ...(await sort(engine, inquiry, records)) };
  } catch (error) {
    const open = await unusedProjects(inquiry, records);
    return open.length === 0
      ? undefined
      : { problem: `what ${open.join(', ')} left in the container engine is not known: ${messageOf(error)}` };
  }
}

async function unusedProjects(inquiry: Inquiry, records: Records): Promise<string[]> {
  const projects = madeProjects([], records);
  const verdicts = await Promise.all(projects.map((project) => inquiry.ofProject(project, [])));
  return projects.filter((_, index) => verdicts[index]?.kind !== 'used');
}

/** @throws PortrampError ENGINE_UNREACHABLE */
async function sort(
  engine: EngineClient,
  inquiry: Inquiry,
  records: Records,
): Promise<Omit<EngineLeftovers, 'engine'>> {
  const recorded = await listNameless(
    records.folder,
    records.overrides.map(({ project }) => project),
  );
  const listed = await listProjects(engine, recorded);
  const gone: Leftover[] = [];
  const doubtful: Doubtful[] = [];
  const spent: string[] = [];
  for (const project of madeProjects(listed, records)) {
    const found = listed.find((each) => each.project === project);
    const verdict = await inquiry.ofProject(project, found?.made ?? []);
    if (verdict.kind === 'used') continue;
    if (verdict.kind !== 'gone') {
      if (found !== undefined) doubtful.push({ leftover: found, verdict });
      continue;
    }
    const own = found && (await withoutBorrowed(found, inquiry));
    if (own !== undefined && countOf(own) > 0) gone.push(own);
    else if (own === undefined || found === own)
      spent.push(...records.overrides.flatMap((each) => (each.project === project ? each.path : [])));
  }
  return { leftovers: await withSizes(engine, gone), doubtful, spent };
}

/** Without what other checkouts use of it: whose label a volume has is a matter of who came first. */
async function withoutBorrowed(found: EngineProject, inquiry: Inquiry): Promise<Leftover> {
  const { made: _made, ...leftover } = found;
  const names = [...found.volumes, ...found.networks].map(({ name }) => name);
  const inUse = await inquiry.borrowedOf(names);
  const isFree = ({ name }: { readonly name: string }): boolean => !inUse.has(name);
  return {
    ...leftover,
    volumes: found.volumes.filter(isFree),
    networks: found.networks.filter(isFree),
  };
}

const countOf = ({ containers, networks, volumes }: Leftover): number =>
  containers.length + networks.length + volumes.length;

/** Says what a stack that is gone left, and what removes it: data is removed only by those who say so. */
export function describeGone(leftover: Leftover): string {
  const { project, containers, networks, volumes } = leftover;
  const left = `${project} is gone, and left ${describeLeftover(leftover)}`;
  if (containers.length + networks.length === 0) return `${left}: "portramp clean --volumes" removes it`;
  const data = volumes.length === 0 ? '' : ', with --volumes its data too';
  return `${left}: "portramp clean" removes it${data}`;
}

/** Says why something that may be left is kept, and what to do about it. */
export function describeDoubtful({ leftover, verdict }: Doubtful): string {
  const { project } = leftover;
  const what = `${describeLeftover(leftover)} of ${project}`;
  const byHand = `docker compose -p ${shellWord(project)} down`;
  return verdict.kind === 'moved'
    ? `kept ${what}: its checkout moved to ${verdict.to}; portramp dev --dir ${shellWord(verdict.to)} goes on with it there`
    : `kept ${what}: ${verdict.why}; where nobody needs it, "${byHand}" removes it, with -v its data too`;
}

/** In words: `2 containers, 1 network, 1 volume (data of 12.3 MB)`. */
export function describeLeftover({ containers, networks, volumes }: Leftover): string {
  const count = (number: number, word: string): string[] =>
    number === 0 ? [] : [`${number} ${word}${number === 1 ? '' : 's'}`];
  const sizes = volumes.flatMap(({ size }) => size ?? []);
  const size = sizes.length === 0 ? '' : ` (${describeSize(sizes.reduce((sum, each) => sum + each, 0))})`;
  return [
    ...count(containers.length, 'container'),
    ...count(networks.length, 'network'),
    ...count(volumes.length, 'volume').map((text) => `${text}${size}`),
  ].join(', ');
}

const describeSize = (bytes: number): string =>
  bytes < 1_000_000
    ? `${Math.ceil(bytes / 1000)} kB of data`
    : `${(bytes / 1_000_000).toFixed(1)} MB of data`;

export interface LeftoverReport {
  readonly project: string;
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly { readonly name: string; readonly size?: number | undefined }[];
}

export const reportLeftover = ({ project, containers, networks, volumes }: Leftover): LeftoverReport => ({
  project,
  containers: containers.map(({ name }) => name),
  networks: networks.map(({ name }) => name),
  volumes,
});

/** A project that is kept because its checkout is not proven gone, and why: `to` where that checkout is now. */
export const reportDoubtful = ({ leftover, verdict }: Doubtful) => ({
  ...reportLeftover(leftover),
  ...(verdict.kind === 'moved' ? { movedTo: verdict.to } : { reason: verdict.why }),
});

/** A leftover, and the part of it that is gone. */
export interface Cleaned {
  readonly leftover: Leftover;
  readonly removed: Leftover;
}

/** For programs: of each volume whether it is gone, and the kinds of which something is kept. */
export const reportCleaned = ({ leftover, removed }: Cleaned) => {
  const volumes = leftover.volumes.map((each) => ({ ...each, removed: removed.volumes.includes(each) }));
  const kept = (['containers', 'networks', 'volumes'] as const).filter(
    (kind) => removed[kind].length < leftover[kind].length,
  );
  return { ...reportLeftover(leftover), volumes, kept };
};

/** Says what is removed, and removes it: containers and networks, and the data where the person wants that too. */
export async function cleanEngine(
  { leftovers, engine, spent }: EngineLeftovers,
  options: { readonly volumes?: boolean | undefined; readonly quiet: boolean },
): Promise<Cleaned[]> {
  const overrides = await listOverrides(locateHome());
  for (const path of spent) await rm(path, { force: true });
  const say = (text: string): void => void (options.quiet || print(text));
  const cleaned: Cleaned[] = [];
  for (const leftover of leftovers) {
    const { project, volumes } = leftover;
    say(`${project} left behind: ${describeLeftover(leftover)}`);
    const withData = volumes.length > 0 && (options.volumes ?? (await asks(leftover)));
    if (!withData) await noteLeft(engine, leftover);
    const { removed, problems } = await removeLeftover(engine, leftover, { volumes: withData });
    for (const problem of problems) notice(problem);
    if (countOf(removed) > 0) say(`removed ${describeLeftover(removed)} of ${project}`);
    cleaned.push({ leftover, removed });
    // What is kept is found by these again.
    if (countOf(removed) === countOf(leftover)) {
      for (const each of overrides) if (each.project === project) await rm(each.path, { force: true });
      await forgetOwner(locateHome(), project);
      await noteNameless(composeFolder(locateHome()), project, [], new Set());
    }
  }
  if (cleaned.some(({ leftover, removed }) => leftover.volumes.length > removed.volumes.length))
    say('the data stays: "portramp clean --volumes" removes it');
  return cleaned;
}

/** Writes down what has no name: nothing else tells whose it is without its container. */
async function noteLeft(engine: EngineClient, { project, volumes }: Leftover): Promise<void> {
  const found = volumes.flatMap(({ name, nameless }) => (nameless ? [{ service: '', name }] : []));
  if (found.length === 0) return;
  await noteNameless(composeFolder(locateHome()), project, found, await listVolumeNames(engine));
}

/** Data is removed for a person who says so; nobody at a terminal is nobody who does. */
async function asks({ project, volumes }: Leftover): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const dialogue = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const names = volumes.map(({ name }) => name).join(', ');
    const answer = await dialogue.question(`remove the data of ${project} too (${names})? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    dialogue.close();
  }
}
