import { stat } from 'node:fs/promises';

import { errnoOf } from './errors.ts';

/** Tells whether a folder is surely gone: one that cannot be looked at (a drive that is not mounted) may come back. */
export const isFolderGone = (path: string): Promise<boolean> =>
  stat(path).then(
    () => false,
    (error: unknown) => ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? ''),
  );
