import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '../../lib/atomic-write.ts';
import { sha256 } from '../../lib/hash.ts';
import type { Home } from '../../lib/home.ts';
import type { ComposeStack } from './prepare.ts';

/** Writes the override to the state folder: one file a project, and one more for every other list of files. */
export async function storeOverride(home: Home, { title, files, text }: ComposeStack): Promise<string> {
  const folder = composeFolder(home);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const list = sha256(files.join('\0')).slice(0, 8);
  const path = join(folder, `${title}.${list}.yaml`);
  await writeFileAtomic(path, text);
  return path;
}

export const composeFolder = (home: Home): string => join(home.root, 'compose');
