/**
 * What is done without a file descriptor: `bash -c 'ulimit -n 64; exec node scarce.js FOLDER'`. Prints one JSON object.
 */
import { closeSync, openSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';

import { createLog } from '../../../src/daemon/log.ts';
import { writeFileAtomic } from '../../../src/lib/atomic-write.ts';
import { descriptorLimit } from '../../../src/lib/descriptors.ts';
import { errnoOf } from '../../../src/lib/errors.ts';
import { tryLock } from '../../../src/lib/lock.ts';
import { identityOf, isAlive } from '../../../src/lib/process-identity.ts';
import { isPortFree } from '../../../src/ports/probe.ts';
import { createLinuxSystem } from '../../../src/ports/system/linux.ts';
import { runAside } from '../../../src/runtime/process/aside.ts';
import { startProcess } from '../../../src/runtime/process/start.ts';
import { probeTcp } from '../../../src/stack/probe.ts';

const [folder = ''] = process.argv.slice(2);
const parent = identityOf(process.ppid);
const log = createLog(join(folder, 'log'));
log('before');
const listeners = createLinuxSystem().listListeners().length;

const taken: number[] = [];
function takeAll(): void {
  try {
    for (;;) taken.push(openSync(devNull, 'r'));
  } catch {
    // All are taken now.
  }
}
function giveBack(): void {
  for (const file of taken.splice(0)) closeSync(file);
}
const outcome = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => value,
    (error: unknown) => errnoOf(error) ?? String(error),
  );

takeAll();
const lock = tryLock(join(folder, 'lock'));
log('without a descriptor');
const without = {
  alive: parent !== undefined && isAlive(parent),
  locked: lock !== undefined && lock.isHeld() && tryLock(join(folder, 'lock')) === undefined,
  listeners: createLinuxSystem().listListeners().length >= Math.min(1, listeners),
  look: await outcome(probeTcp(9, 500, new AbortController().signal)),
  aside: await outcome(
    runAside({
      command: ['true'],
      dir: '/',
      env: {},
      timeout: 500,
      signal: new AbortController().signal,
    }),
  ),
};

const file = outcome(writeFileAtomic(join(folder, 'file'), 'whole'));
const free = outcome(isPortFree(0).then(() => 'looked'));
const started = startProcess({
  command: [process.execPath, '-e', '0'],
  dir: '/',
  env: { PATH: process.env['PATH'] ?? '' },
  stop: { signal: 'SIGTERM', timeout: 1_000 },
  marker: 'run.scarce.1',
  onOutput: () => undefined,
});
setTimeout(giveBack, 500);
const after = {
  file: await file.then(() => readFileSync(join(folder, 'file'), 'utf8')),
  free: await free,
  started: await started.then(async (result) =>
    result.ok ? (await result.instance.exited).code : result.failure,
  ),
};
lock?.release();

console.log(
  JSON.stringify({
    limit: descriptorLimit(),
    ...without,
    ...after,
    log: readFileSync(join(folder, 'log'), 'utf8').includes('without a descriptor'),
  }),
);
