import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { errnoOf } from './errors.ts';

/**
 * Makes a folder and those above it, with this mode; what is there already stays as it is. Node's own `recursive` never
 * ends where the system says ENOENT although the folder above is there, as Linux does in /proc.
 * @throws what the system says
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  const above = dirname(path);
  if ((await tryToMake(path, mode)) || above === path) return;
  await makeFolder(above, mode);
  if (!(await tryToMake(path, mode)))
    throw Object.assign(new Error(`ENOENT: nothing can be made in ${above}`), { code: 'ENOENT' });
}

/** Resolves with whether something is there now; false: the folder above is not. */
async function tryToMake(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return true;
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
