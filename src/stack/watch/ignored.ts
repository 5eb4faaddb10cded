/** What git ignores: generated files, whose change must not restart what generates them. */
import { join } from 'node:path';

import { askGit } from '../../lib/git.ts';

/** Absolute paths of ignored folders below the root, so that nobody has to look into them. */
export async function listIgnoredFolders(root: string): Promise<ReadonlySet<string>> {
  const args = ['ls-files', '--others', '--ignored', '--exclude-standard', '--directory', '-z'];
  // Where git cannot be asked nothing is left out: better one look too many.
  const listing = (await askGit(root, args).catch(() => undefined)) ?? '';
  const folders = listing.split('\0').filter((path) => path.endsWith('/'));
  return new Set(folders.map((path) => join(root, path.slice(0, -1))));
}

/** The paths that git does not ignore; all of them outside a repository. */
export async function withoutIgnored(root: string, paths: readonly string[]): Promise<string[]> {
  // Exits with 1 when none of them is ignored.
  const asked = askGit(root, ['check-ignore', '-z', '--stdin'], paths.join('\0'));
  const answer = await asked.catch(() => undefined);
  const ignored = new Set((answer ?? '').split('\0'));
  return paths.filter((path) => !ignored.has(path));
}
