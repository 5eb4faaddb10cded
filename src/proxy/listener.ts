/** One port number on both loopback families: browsers differ in which they dial. Never a wildcard address. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { errnoOf } from '../lib/errors.ts';

export interface Listener {
  readonly port: number;
  /** No new connections; those that are open are their owner's. */
  close(): Promise<void>;
}

/** This host has no such address. */
const ABSENT = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL', 'EPROTONOSUPPORT'];

/** How many numbers are tried where any would do. */
const ATTEMPTS = 50;

export interface ListenOptions {
  /** Says whether there is room for one more connection; default: there always is. */
  readonly hasRoom?: () => boolean;
  /** Called for a connection that there is no room for; default: it is closed. */
  readonly turnAway?: (socket: Socket) => void;
  /** Called when the system has no connection to give (accept(2)). */
  readonly onProblem?: (error: Error) => void;
}

/**
 * @param port 0 is any number that is free on both families
 * @throws what `listen` throws (EADDRINUSE, EACCES), for whichever family
 */
export async function listen(
  port: number,
  take: (socket: Socket) => void,
  { hasRoom, turnAway, onProblem }: ListenOptions = {},
): Promise<Listener> {
  const accept: Accept = {
    take: (socket) => {
      if (hasRoom === undefined || hasRoom()) take(socket);
      else if (turnAway === undefined) socket.destroy();
      else turnAway(socket);
    },
    // That connection is lost, the next ones are not.
    fail: (error) => onProblem?.(error),
  };
  for (let attempt = 1; ; attempt += 1) {
    const four = await bind('127.0.0.1', port, accept);
    const { port: number } = four.address() as AddressInfo;
    try {
      const six = await bind('::1', number, accept);
      return createListener(number, [four, six]);
    } catch (error) {
      if (ABSENT.includes(errnoOf(error) ?? '')) return createListener(number, [four]);
      await close(four);
      if (port !== 0 || errnoOf(error) !== 'EADDRINUSE' || attempt === ATTEMPTS) throw error;
    }
  }
}

interface Accept {
  readonly take: (socket: Socket) => void;
  readonly fail: (error: Error) => void;
}

function bind(host: string, port: number, { take, fail }: Accept): Promise<Server> {
  // Half open: a client that has said all it wants may still be waiting for the answer.
  const server = createServer({ noDelay: true, allowHalfOpen: true }, take);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 4_096 }, () => {
      server.off('error', reject);
      server.on('error', fail);
      resolve(server);
    });
  });
}

const createListener = (port: number, servers: readonly Server[]): Listener => ({
  port,
  close: async () => {
    await Promise.all(servers.map(close));
  },
});

/** Not waiting for open connections, which `server.close` would do. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close();
    setImmediate(resolve);
  });
}
