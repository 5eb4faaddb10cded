/** Answers that come before the whole request has. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long a client that was answered early may say nothing before its connection is closed (milliseconds). */
const LINGER_TIME = 5_000;

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
      socket.setTimeout(LINGER_TIME, () => socket.destroy());
      if (req.complete) socket.destroySoon();
      else
        req
          .unpipe()
          .once('end', () => socket.destroySoon())
          .resume();
    },
  });
  return true;
}
