/**
 * Clients that have sent FIN behind a request. A script that has said all it wants waits for its answer, and Node would
 * take it for one that has left: it is waited for until it leaves, or its service has been silent for a while.
 */
import type { Socket } from 'node:net';

import { readEnds } from '../../peer-row.ts';
import { createPresence, HALF_CLOSED, type PresenceOptions } from '../../presence.ts';
import { Wheel } from '../../wheel.ts';

/** Milliseconds from one look at what a client was sent to the next. */
const LOOK = 1_000;

export interface HalfClosed {
  /** Waits for this client once it has sent FIN, if one of its requests is under way then. */
  follow(socket: Socket, isBusy: () => boolean): void;
  /** Says for whom a request of this client waits: only a service's silence ends that. */
  wait(socket: Socket, whom: 'decision' | 'service'): void;
  /** A FIN that comes from now on is the tunnel's. */
  release(socket: Socket): void;
}

interface Client {
  readonly onEnd: () => void;
  waitsFor: 'decision' | 'service';
}

export function createHalfClosed(options: PresenceOptions): HalfClosed {
  const presence = createPresence(options);
  const wheel = new Wheel(options.clock);
  const clients = new WeakMap<Socket, Client>();
  return {
    follow: (socket, isBusy) => {
      const onEnd = (): void => {
        if (!isBusy()) return;
        const ends = readEnds(socket);
        if (ends !== undefined)
          socket.once(
            'close',
            presence.watch(ends, () => socket.destroy()),
          );
        endWhenSilent(socket, wheel, () => client.waitsFor === 'service');
      };
      const client: Client = { onEnd, waitsFor: 'decision' };
      clients.set(socket, client);
      socket.once('end', onEnd);
    },
    wait: (socket, whom) => {
      const client = clients.get(socket);
      if (client !== undefined) client.waitsFor = whom;
    },
    release: (socket) => {
      const client = clients.get(socket);
      if (client !== undefined) socket.off('end', client.onEnd);
    },
  };
}

/** Ends a connection over which nothing was sent for a while, though the client would take it. */
function endWhenSilent(socket: Socket, wheel: Wheel, counts: () => boolean): void {
  let written = socket.bytesWritten;
  let silent = 0;
  const deadline = wheel.createDeadline(() => {
    const isQuiet = counts() && socket.bytesWritten === written && socket.writableLength === 0;
    silent = isQuiet ? silent + LOOK : 0;
    written = socket.bytesWritten;
    if (silent >= HALF_CLOSED) socket.destroy();
    else deadline.set(LOOK);
  });
  deadline.set(LOOK);
  socket.once('close', () => deadline.remove());
}
