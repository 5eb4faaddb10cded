/** Everything that a Compose project is read from, whether it is there or not: an edit of any of it counts. */
import { readFile } from 'node:fs/promises';

import { findMentions, type Brought } from '../../compose/mentions.ts';
import { readYamlDocuments } from '../../contract/yaml.ts';
import type { ComposeFiles } from '../../runtime/compose/files.ts';

/** More are a circle of `include` that Compose refuses, or a project that nobody edits by hand. */
const MOST_FILES = 200;

/**
 * The files themselves, what counts beside them, and those that they name: `include`, `extends`, `env_file`, `configs` and
 * `secrets`. Not what images are built from, nor what is mounted. A file that cannot be read names nothing.
 */
export async function listWatched({
  files,
  looked,
  directory,
  variables,
}: ComposeFiles): Promise<readonly string[]> {
  const found = new Set([...files, ...looked]);
  const queue: Brought[] = files.map((file) => ({ file, directory }));
  const read = new Set<string>();
  for (let next = queue.shift(); next !== undefined && read.size < MOST_FILES; next = queue.shift()) {
    if (read.has(next.file)) continue;
    read.add(next.file);
    const text = await readFile(next.file, 'utf8').catch(() => '');
    for (const tree of readYamlDocuments({ file: next.file, text }, { foreign: true }).trees) {
      const mentions = findMentions(tree, next.directory, variables);
      queue.push(...mentions.files);
      for (const path of [...mentions.files.map(({ file }) => file), ...mentions.others]) found.add(path);
    }
  }
  return [...found];
}
