/** Ends a connection so that its peer sees that something is missing (RFC 9293 §3.10.5), and takes nothing for the whole. */
import type { Socket } from 'node:net';

export function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    // Only TCP has resets.
    socket.destroy();
  }
}
