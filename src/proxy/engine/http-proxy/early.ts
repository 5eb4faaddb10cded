/** Answers that come before the whole request has. */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { systemClock } from '../../../lib/clock.ts';
import { LINGERING, Lingering } from '../../lingering.ts';

/**
 * Ends the connection with this response if the request is still being sent, and reads what comes of it for as long as
 * it comes: closed at once, the connection would be reset, and the answer lost (RFC 9112 §9.6).
 * @returns whether it does
 */
export function endEarly(req: IncomingMessage, res: ServerResponse): boolean {
  const { socket } = req;
  if (req.complete || res.headersSent) return false;
  res.shouldKeepAlive = false;
  // What Node does when the response is sent.
  Object.defineProperty(socket, 'destroySoon', {
    configurable: true,
    value: () => {
      Reflect.deleteProperty(socket, 'destroySoon');
      socket.end();
      const lingering = new Lingering(systemClock.now(), LINGERING);
      // Set anew with all that comes: the timer of a socket begins anew by itself.
      const stay = (length: number): unknown =>
        socket.setTimeout(Math.max(1, lingering.read(length, systemClock.now())));
      socket.once('timeout', () => socket.destroy());
      stay(0);
      if (req.complete) socket.destroySoon();
      else
        req
          .unpipe()
          .once('end', () => socket.destroySoon())
          .on('data', (piece: Buffer) => stay(piece.length))
          .resume();
    },
  });
  return true;
}
