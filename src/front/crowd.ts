/** What a client is told for whom the front has no file descriptor left, and the log once in a while. */
import type { Clock } from '../lib/clock.ts';
import { descriptorLimit } from '../lib/descriptors.ts';
import { messageOf } from '../lib/errors.ts';
import { createAdmission, roomFor } from '../proxy/admission.ts';
import { formatReply } from '../proxy/engine/wire/reply.ts';
import type { ListenOptions } from '../proxy/listener.ts';
import { jsonReply } from '../proxy/replies.ts';

/** A crowd is told of again after this time (milliseconds). */
const QUIET = 60_000;

export interface CrowdOptions {
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** How many connections are open. */
  readonly open: () => number;
}

export function createCrowd({ clock, log, open }: CrowdOptions): Required<ListenOptions> {
  const limit = descriptorLimit();
  const admission = createAdmission(roomFor(limit), open);
  const may = limit === undefined ? '' : ` (it may have ${limit}: "ulimit -n" of the shell that started it)`;
  let told = -Infinity;
  const tell = (what: string): void => {
    if (clock.now() - told < QUIET) return;
    told = clock.now();
    log(`front: ${what}: the daemon is out of file descriptors${may}`);
  };
  return {
    hasRoom: admission.hasRoom,
    turnAway: (socket) => {
      tell(`new connections are turned away, ${open()} are open`);
      // Before anything is read: no request was looked at.
      admission.turnAway(socket, formatReply(ANSWER, false, true));
    },
    onProblem: (error) => tell(`a connection was lost (${messageOf(error)})`),
  };
}

const ANSWER = jsonReply('TOO_MANY_CONNECTIONS', {
  message: 'the front has no file descriptor left for this connection; close some, or raise "ulimit -n"',
  retryAfter: 1,
});
