/** The connections of a `http.Server` that does not listen itself. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface Connections {
  readonly count: number;
  /** An exchange is under way on it, or it is a tunnel. */
  isBusy(socket: Socket): boolean;
  accept(socket: Socket): void;
  /** From now on the connection is a tunnel: busy until it closes. */
  keep(socket: Socket): void;
  /** Idle ones now, busy ones after their exchange, all of them at the deadline (ms from now). */
  close(deadline: number): Promise<void>;
}

export function trackConnections(server: Server): Connections {
  /** Open connection → exchanges under way on it. */
  const open = new Map<Socket, number>();
  let closing = false;
  let onEmpty = (): void => undefined;
  const count = (socket: Socket, by: 1 | -1): void => {
    const exchanges = (open.get(socket) ?? 0) + by;
    if (open.has(socket)) open.set(socket, exchanges);
    if (exchanges === 0 && closing) socket.destroySoon();
  };
  const onExchange = ({ socket }: IncomingMessage, res: ServerResponse): void => {
    count(socket, 1);
    if (closing) res.shouldKeepAlive = false;
    res.once('close', () => count(socket, -1));
  };
  server.prependListener('request', onExchange);
  server.prependListener('checkContinue', onExchange);
  // Node checks the time limits of a server only once it listens, which this one never does.
  server.emit('listening');

  return {
    get count() {
      return open.size;
    },
    isBusy: (socket) => (open.get(socket) ?? 0) > 0,
    accept: (socket) => {
      if (closing) {
        socket.destroy();
        return;
      }
      // First of all: without a listener, a client that resets during a handshake would end the process.
      socket.on('error', () => undefined);
      open.set(socket, 0);
      socket.once('close', () => {
        open.delete(socket);
        if (open.size === 0) onEmpty();
      });
      server.emit('connection', socket);
    },
    keep: (socket) => count(socket, 1),
    close: async (deadline) => {
      closing = true;
      const empty = new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
      for (const [socket, exchanges] of open) if (exchanges === 0) socket.destroySoon();
      const timer = setTimeout(() => {
        for (const socket of open.keys()) socket.destroy();
      }, deadline);
      if (open.size > 0) await empty;
      clearTimeout(timer);
      // Ends the check of the time limits.
      server.close();
    },
  };
}
