import { join } from 'node:path';

import type { Home } from '../../lib/home.ts';
import { settleEntries } from '../../lib/state-entries.ts';
import { checkStateFolder, checkWritable } from '../../lib/state-folder.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { placeOf } from '../../runtime/runs/stack-lock.ts';
import { runnerLogOf } from './report.ts';

/**
 * Makes usable what a runner keeps in the state folder, which the daemon has done at its own start: that may be long ago.
 * @returns What a person should know: entries that were set aside because they are of another kind.
 * @throws PortrampError STATE_FOLDER for a link or an entry of another user, and for a folder that cannot be used
 */
export async function settlePlace(home: Home, key: StackKey): Promise<string[]> {
  // A state folder that cannot be used is said of the folder, not of an entry in it.
  await checkStateFolder(home);
  await checkWritable(home.root);
  return settleEntries([
    ...placeOf(home.runs, key),
    { path: home.logs, kind: 'folder' },
    { path: home.tasks, kind: 'folder' },
    { path: home.runners, kind: 'folder' },
    { path: join(home.runners, runnerLogOf(key)), kind: 'file' },
  ]);
}
