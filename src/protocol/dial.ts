import { createConnection, type Socket } from 'node:net';

import { PortrampError, errnoOf, messageOf } from '../lib/errors.ts';

/** Errors that say that nobody listens there: no file, a dead socket or something that is not a socket. */
const NOBODY = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'EPIPE', 'ECONNRESET'];

/**
 * Connects to the control socket; undefined when nobody listens.
 * @throws PortrampError DAEMON_UNREACHABLE when the socket is there but may not be used.
 */
export function dialSocket(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const fail = (error: Error): void => {
      socket.destroy();
      if (NOBODY.includes(errnoOf(error) ?? '')) resolve(undefined);
      else if (errnoOf(error) === 'EAGAIN') {
        // A full backlog (unix(7)): somebody listens, and does not come to it.
        reject(
          new PortrampError('DAEMON_UNREACHABLE', 'the daemon takes no connections: it is busy, or stopped', {
            hint: 'try again; "kill -CONT" and its pid, which daemon.lock in the state folder says, wakes a stopped one',
            cause: error,
          }),
        );
      } else {
        reject(
          new PortrampError('DAEMON_UNREACHABLE', `cannot connect to ${path}: ${messageOf(error)}`, {
            cause: error,
          }),
        );
      }
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}
