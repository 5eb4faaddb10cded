/** What stacks whose checkout is gone have left in the container engine, for `clean` and `ls --all`. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline/promises';

import { messageOf } from '../lib/errors.ts';
import { locateHome } from '../lib/home.ts';
import type { DaemonClient } from '../protocol/client.ts';
import { createEngineClient, type EngineClient } from '../runtime/engine/client.ts';
import { findLeftovers, removeLeftover, type Leftover } from '../runtime/engine/leftovers.ts';
import { composeFolder, listOverrides, type StoredOverride } from '../stack/compose/store.ts';
import { notice, print } from './terminal.ts';

export interface EngineLeftovers {
  readonly leftovers: readonly Leftover[];
  readonly engine: EngineClient;
}

/** Undefined where portramp never made a project, and where the engine cannot be asked, which is said. */
export async function findInEngine(client: DaemonClient): Promise<EngineLeftovers | undefined> {
  const overrides = await listOverrides(locateHome());
  if (overrides.length === 0) return undefined;
  const { stacks } = await client.request('list', { all: true });
  const known = new Set(stacks.filter(({ root }) => existsSync(root)).map(({ slug }) => slug));
  const isKnown = ({ title }: StoredOverride): boolean => known.has(title);
  // Two checkouts may have had a project of one name, one after the other.
  const inUse = new Set(overrides.filter(isKnown).map(({ project }) => project));
  // A title with "_" is that of what all branches share: it belongs to no single one.
  const gone = overrides.filter((each) => !isKnown(each) && !each.title.includes('_'));
  const forgotten = [...new Set(gone.map(({ project }) => project))].filter((name) => !inUse.has(name));
  const [program = 'docker'] = (process.env['PORTRAMP_COMPOSE'] ?? '')
    .split(/\s+/)
    .filter((word) => word === 'podman');
  const engine = createEngineClient(process.env, program);
  try {
    const leftovers = await findLeftovers(engine, {
      isOverride: (file) => dirname(file) === composeFolder(locateHome()),
      exists: (path) => path !== '' && existsSync(path),
      forgotten,
    });
    return { leftovers, engine };
  } catch (error) {
    if (forgotten.length > 0) {
      notice(`what ${forgotten.join(', ')} left in the container engine is not known: ${messageOf(error)}`);
    }
    return undefined;
  }
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

/**
 * Says what is removed, and removes it: containers and networks, and the data where the person wants that too. The
 * projects whose data stays.
 */
export async function cleanEngine(
  { leftovers, engine }: EngineLeftovers,
  options: { readonly volumes?: boolean | undefined; readonly quiet: boolean },
): Promise<Leftover[]> {
  const overrides = await listOverrides(locateHome());
  const say = (text: string): void => void (options.quiet || print(text));
  const kept: Leftover[] = [];
  for (const leftover of leftovers) {
    const { project, volumes } = leftover;
    say(`${project} left behind: ${describeLeftover(leftover)}`);
    const withData = volumes.length > 0 && (options.volumes ?? (await asks(leftover)));
    for (const problem of await removeLeftover(engine, leftover, { volumes: withData })) notice(problem);
    if (volumes.length > 0 && !withData) kept.push(leftover);
    else for (const each of overrides) if (each.project === project) await rm(each.path, { force: true });
  }
  if (kept.length > 0) say('the data stays: "portramp clean --volumes" removes it');
  return kept;
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
