import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

import { whenDescriptorsAllow } from './descriptors.ts';

/**
 * Replaces a file as a whole: readers see the old text or the new one, also after a crash. The file is only
 * readable by this user.
 */
export function writeFileAtomic(path: string, text: string): Promise<void> {
  return whenDescriptorsAllow(() => replace(path, text));
}

async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    // `wx`: a planted link of that name is refused instead of followed.
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
