import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileAtomic } from '../../lib/atomic-write.ts';
import { sha256 } from '../../lib/hash.ts';
import type { Home } from '../../lib/home.ts';
import type { ComposeStack } from './prepare.ts';

/** Writes the override to the state folder: one file a stack, and one more for every other list of files. */
export async function storeOverride(home: Home, { stack, files, text }: ComposeStack): Promise<string> {
  const folder = join(home.root, 'compose');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const list = sha256(files.join('\0')).slice(0, 8);
  const path = join(folder, `${stack.slug}.${list}.yaml`);
  await writeFileAtomic(path, text);
  return path;
}
