/** The daemon's program: `node daemon.js`, started by `protocol/spawn.ts`. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import packageJson from '../../package.json' with { type: 'json' };
import { createFront } from '../front/front.ts';
import { systemClock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import { locateHome } from '../lib/home.ts';
import { keepSpare } from '../lib/spare.ts';
import { describeStateError } from '../lib/state-folder.ts';
import { markInUse, removeOldCopies } from '../protocol/daemon-copy.ts';
import { encodeError } from '../protocol/peer.ts';
import type { StartReport } from '../protocol/start-report.ts';
import { chooseEngine } from '../proxy/engine/choose.ts';
import { ALREADY_RUNNING } from './control.ts';
import { startDaemon } from './daemon.ts';
import { createInspection } from './inspection.ts';
import { createLog } from './log.ts';
import { keepPulse } from './pulse.ts';

// The socket and every file are this user's alone, from their first moment.
process.umask(0o077);

const home = locateHome();
const log = createLog(home.daemonLog);

/** Tells the starter, if it still listens. */
async function report(message: StartReport): Promise<void> {
  if (!process.connected) return;
  await new Promise<void>((resolve) => process.send?.(message, () => resolve()));
  if (process.connected) process.disconnect();
}

function exitOnSurprise(error: unknown): void {
  log(`unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exit(1);
}

process.on('uncaughtException', exitOnSurprise);
process.on('unhandledRejection', exitOnSurprise);
// A terminal that closes is not the daemon's.
process.on('SIGHUP', () => log('ignored SIGHUP'));

try {
  const engine = await chooseEngine(process.env['PORTRAMP_ENGINE']);
  const daemon = await startDaemon({
    home,
    version: packageJson.version,
    environment: process.env,
    front: createFront({ engine, clock: systemClock, log }),
    inspection: createInspection(),
    log,
    onDisplaced: () => process.exit(0),
  });
  if (daemon === ALREADY_RUNNING) {
    await report({ ready: true });
    process.exit(0);
  }
  keepPulse({ clock: systemClock, log, logPath: home.daemonLog });
  process.on('SIGTERM', () => daemon.end('stop'));
  process.on('SIGINT', () => daemon.end('stop'));
  keepSpare(home.root, systemClock);
  const copy = dirname(fileURLToPath(import.meta.url));
  if (dirname(copy) === home.versions) {
    // Housekeeping: a disk that is full must not keep the front away.
    await markInUse(copy)
      .then(() => removeOldCopies(home.versions, copy))
      .catch((error: unknown) => log(`old copies are kept: ${messageOf(error)}`));
  }
  await report({ ready: true });
  await daemon.ended;
  process.exit(0);
} catch (error) {
  log(`could not start: ${messageOf(error)}`);
  await report({ failed: encodeError(describeStateError(error, home, home.root) ?? error) });
  process.exit(1);
}
