/** A process with a pulse that bears three seconds: `node heart.js LOG WHAT`. Prints a line for each second it lives. */
import { readSync } from 'node:fs';
import { open } from 'node:inspector';

import { systemClock } from '../../../src/lib/clock.ts';
import { keepPulse } from '../../../src/daemon/pulse.ts';

const [logPath = '', what] = process.argv.slice(2);

function spin(seconds: number): void {
  const until = performance.now() + seconds * 1_000;
  while (performance.now() < until);
}

/** Calls nothing: a loop may be stopped where another function begins, and that one is then the innermost frame. */
function spinForEver(): void {
  for (;;);
}

const doings: Readonly<Record<string, () => void>> = {
  'spins for ever': () => spinForEver(),
  'reads for ever': () => void readSync(0, Buffer.alloc(1)),
  'spins for a while': () => spin(1.5),
  'spins with an open inspector': () => {
    open(0, '127.0.0.1');
    // One more beat, so that the thread has heard of it.
    setTimeout(() => spin(6), 1_500);
  },
  nothing: () => undefined,
};

keepPulse({ clock: systemClock, log: (line) => console.log(line), logPath, patience: 3 });
setTimeout(() => doings[what ?? '']?.(), 1_200);
setInterval(() => console.log('alive'), 1_000);
