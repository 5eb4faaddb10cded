/** The overrides in the state folder: each says of which stack it is, and what that is called in the engine. */
import { mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { writeFileAtomic } from '../../lib/atomic-write.ts';
import { sha256 } from '../../lib/hash.ts';
import type { Home } from '../../lib/home.ts';
import { readStateFile } from '../../lib/state-file.ts';
import { originLine, originOf, readOrigin, type Origin } from './origin.ts';
import type { ComposeStack } from './prepare.ts';

/**
 * Writes the override to the state folder: one file a project, and one more for every other list of files.
 * @param scales What one command says of replicas: a runner that starts a service from its own file is not to find
 * these numbers there.
 */
export async function storeOverride(
  home: Home,
  compose: ComposeStack,
  scales: ReadonlyMap<string, number> = new Map(),
): Promise<string> {
  const { title, files, text } = compose;
  const folder = composeFolder(home);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const words = [...files, ...[...scales].map(([service, count]) => `${service}=${count}`)];
  const list = sha256(words.join('\0')).slice(0, 8);
  const path = join(folder, `${title}.${list}.yaml`);
  await writeFileAtomic(path, `${originLine(originOf(compose))}${text}`);
  return path;
}

export const composeFolder = (home: Home): string => join(home.root, 'compose');

/** A line of an override: how its project is called, which the file itself does not say where the user's do. */
export const projectLine = (name: string): string => `Its Compose project: ${name}`;

export interface StoredOverride {
  readonly path: string;
  /** The slug of the stack, or the name of what all branches share. */
  readonly title: string;
  readonly project: string;
  /** Absent where an older version wrote it, or where it cannot be read: then nothing is known of its checkout. */
  readonly origin?: Origin | undefined;
}

/** Names the stack, or what all branches share, that an override is of; undefined for a file that is called otherwise. */
const titleOf = (path: string): string | undefined => /^(.+)\.[0-9a-f]{8}\.yaml$/.exec(basename(path))?.[1];

/** Names whose override is among the files that a container was made from; undefined where none is. */
export const titleAmong = (files: readonly string[], folder: string): string | undefined =>
  files.flatMap((file) => (dirname(file) === folder ? (titleOf(file) ?? []) : []))[0];

/** Lists every override that is there. */
export async function listOverrides(home: Home): Promise<StoredOverride[]> {
  const folder = composeFolder(home);
  const names = await readdir(folder).catch(() => []);
  const found = names.map(async (name): Promise<StoredOverride[]> => {
    const title = titleOf(name);
    if (title === undefined) return [];
    const path = join(folder, name);
    const text = (await readStateFile(path).catch(() => undefined)) ?? '';
    // Older ones do not say it: in a worktree it is the slug.
    const project = /^# Its Compose project: (\S+)$/m.exec(text)?.[1] ?? title;
    return [{ path, title, project, origin: readOrigin(text) }];
  });
  return (await Promise.all(found)).flat();
}
