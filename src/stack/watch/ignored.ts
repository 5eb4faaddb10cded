/** What git ignores: generated files, whose change must not restart what generates them. */
import { join, resolve } from 'node:path';

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

/** The name of a file that says what is ignored in its folder and below. */
export const RULES = '.gitignore';

/** Absolute paths of the files from the folder upwards, there or not, that say what is ignored in it. */
export async function listRuleFiles(dir: string): Promise<string[]> {
  const asked = askGit(dir, ['rev-parse', '--show-cdup', '--git-path', 'info/exclude']);
  const answer = await asked.catch(() => undefined);
  if (answer === undefined) return [];
  const [up = '', exclude = ''] = answer.split('\n');
  const folders = up.split('/').filter((part) => part !== '');
  const above = [dir, ...folders.map((_part, index) => resolve(dir, ...folders.slice(0, index + 1)))];
  return [...above.map((folder) => join(folder, RULES)), ...(exclude === '' ? [] : [resolve(dir, exclude)])];
}
