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

/**
 * @param port 0 is any number that is free on both families
 * @throws what `listen` throws (EADDRINUSE, EACCES), for whichever family
 */
export async function listen(port: number, accept: (socket: Socket) => void): Promise<Listener> {
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

function bind(host: string, port: number, accept: (socket: Socket) => void): Promise<Server> {
  // Half open: a client that has said all it wants may still be waiting for the answer.
  const server = createServer({ noDelay: true, allowHalfOpen: true }, accept);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 4_096 }, () => {
      server.off('error', reject);
      // Such as no file descriptor for a connection: that one is lost, the next ones are not.
      server.on('error', () => undefined);
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
