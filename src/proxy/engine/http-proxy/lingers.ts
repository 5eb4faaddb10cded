/** Clients that have their answer and may go on sending: read for a while, so that the answer is not lost (RFC 9112 §9.6). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { Clock } from '../../../lib/clock.ts';
import { LINGERING, Lingering } from '../../lingering.ts';
import { Wheel } from '../../wheel.ts';

export interface Lingers {
  /**
   * Ends the connection with this response if the request is still being sent, and reads what comes of it for as long as
   * that makes progress: closed at once, the connection would be reset.
   */
  endEarly(req: IncomingMessage, res: ServerResponse): void;
  /** Reads what comes behind the last answer of a connection, and closes that a while after the answer was sent. */
  outstay(socket: Socket): void;
}

export function createLingers(clock: Clock): Lingers {
  const wheel = new Wheel(clock);
  return {
    endEarly: (req, res) => {
      if (req.complete || res.headersSent) return;
      res.shouldKeepAlive = false;
      const { socket } = req;
      // What Node does when the response is sent.
      const destroySoon = (): void => {
        Reflect.deleteProperty(socket, 'destroySoon');
        socket.end();
        if (req.complete) socket.destroySoon();
        else readOn(req, wheel, clock);
      };
      Object.defineProperty(socket, 'destroySoon', { configurable: true, value: destroySoon });
    },
    outstay: (socket) => {
      socket.resume().once('finish', () => closeIn(socket, wheel)(LINGERING.silence));
    },
  };
}

function readOn(req: IncomingMessage, wheel: Wheel, clock: Clock): void {
  const lingering = new Lingering(clock.now(), LINGERING);
  const { socket } = req;
  const close = closeIn(socket, wheel);
  const stay = (length: number): void => close(lingering.read(length, clock.now()));
  stay(0);
  req
    .unpipe()
    .once('end', () => socket.destroySoon())
    .on('data', (piece: Buffer) => stay(piece.length))
    .resume();
}

/** @returns sets, and sets anew, in how many milliseconds the connection is closed */
function closeIn(socket: Socket, wheel: Wheel): (ms: number) => void {
  const deadline = wheel.createDeadline(() => socket.destroy());
  socket.once('close', () => deadline.remove());
  return (ms) => deadline.set(ms);
}
