/** What stacks whose checkout is gone have left in the container engine, for `clean` and `ls --all`. */
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline/promises';

import { messageOf } from '../lib/errors.ts';
import { locateHome } from '../lib/home.ts';
import type { DaemonClient } from '../protocol/client.ts';
import { createEngineClient, type EngineClient } from '../runtime/engine/client.ts';
import { findLeftovers, removeLeftover, type Leftover } from '../runtime/engine/leftovers.ts';
import { notice, print } from './terminal.ts';

export interface EngineLeftovers {
  readonly leftovers: readonly Leftover[];
  readonly engine: EngineClient;
}

/** Undefined where portramp never made a project, and where the engine cannot be asked, which is said. */
export async function findInEngine(client: DaemonClient): Promise<EngineLeftovers | undefined> {
  const folder = join(locateHome().root, 'compose');
  const titles = await titlesIn(folder);
  if (titles.size === 0) return undefined;
  const { stacks } = await client.request('list', { all: true });
  const known = new Set(stacks.filter(({ root }) => existsSync(root)).map(({ slug }) => slug));
  // A name with "_" is that of what all branches share: it belongs to no single one.
  const forgotten = [...titles].filter((title) => !known.has(title) && !title.includes('_'));
  const [program = 'docker'] = (process.env['PORTRAMP_COMPOSE'] ?? '')
    .split(/\s+/)
    .filter((word) => word === 'podman');
  const engine = createEngineClient(process.env, program);
  try {
    const leftovers = await findLeftovers(engine, {
      isOverride: (file) => dirname(file) === folder,
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

/** Whose overrides lie in the folder: `TITLE.HASH.yaml`. */
async function titlesIn(folder: string): Promise<Set<string>> {
  const names = await readdir(folder).catch(() => []);
  return new Set(names.flatMap((name) => /^(.+)\.[0-9a-f]{8}\.yaml$/.exec(name)?.[1] ?? []));
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
  const folder = join(locateHome().root, 'compose');
  const say = (text: string): void => void (options.quiet || print(text));
  const kept: Leftover[] = [];
  for (const leftover of leftovers) {
    const { project, volumes } = leftover;
    say(`${project} left behind: ${describeLeftover(leftover)}`);
    const withData = volumes.length > 0 && (options.volumes ?? (await asks(leftover)));
    for (const problem of await removeLeftover(engine, leftover, { volumes: withData })) notice(problem);
    if (volumes.length > 0 && !withData) kept.push(leftover);
    else for (const file of await filesOf(folder, project)) await rm(file, { force: true });
  }
  if (kept.length > 0) say('the data stays: "portramp clean --volumes" removes it');
  return kept;
}

const filesOf = async (folder: string, title: string): Promise<string[]> =>
  (await readdir(folder).catch(() => []))
    .filter(
      (name) => name.startsWith(`${title}.`) && /^[0-9a-f]{8}\.yaml$/.test(name.slice(title.length + 1)),
    )
    .map((name) => join(folder, name));

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
