/** Takes a lock some times, and adds one to a number in a file each time: a lost update shows two holders. */
import { readFileSync, writeFileSync } from 'node:fs';

import { acquireLock } from '../../../src/lib/lock.ts';

const [path = '', counter = '', rounds = '0'] = process.argv.slice(2);
for (let round = 0; round < Number(rounds); round += 1) {
  const lock = await acquireLock(path, { timeout: 60_000 });
  const value = Number(readFileSync(counter, 'utf8'));
  await new Promise((resolve) => setImmediate(resolve));
  writeFileSync(counter, String(value + 1));
  // The last word of a process that dies with the lock in its hand.
  if (round === Number(rounds) - 1) process.kill(process.pid, 'SIGKILL');
  lock.release();
}
