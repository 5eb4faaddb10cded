/**
 * Who may come in. Every connection needs two descriptors, its own and that to its target; when they run out, a
 * process can neither answer, nor write its files, nor say so. So there is an end before that: whoever comes then is
 * told to come again.
 */
import type { Socket } from 'node:net';

/** Descriptors for everything that is not a connection of a listener: files, the control socket, pools. */
const RESERVE = 64;

/** Connections that are told to come again and have not gone yet; beyond these they are just closed. */
const MAX_LEAVING = 16;

/** Whoever does not read the answer is gone after this time (milliseconds). */
const LEAVING_TIME = 1_000;

export interface Admission {
  /** Says whether there is room for one more connection. */
  readonly hasRoom: () => boolean;
  /** Writes the answer and closes the connection; without an answer where too many are being told already. */
  turnAway(socket: Socket, answer: string): void;
}

/** How many connections fit into a process that may have so many descriptors. */
export const roomFor = (descriptors: number | undefined): number =>
  descriptors === undefined ? Infinity : Math.max(8, Math.floor((descriptors - RESERVE) / 2));

/**
 * @param room how many connections may be in at once
 * @param open how many are in
 */
export function createAdmission(room: number, open: () => number): Admission {
  let leaving = 0;
  return {
    hasRoom: () => open() < room,
    turnAway: (socket, answer) => {
      socket.on('error', () => undefined);
      if (leaving >= MAX_LEAVING) {
        socket.destroy();
        return;
      }
      leaving += 1;
      socket.once('close', () => {
        leaving -= 1;
      });
      // What it sends is read and dropped: a close with unread bytes would take the answer with it.
      socket.resume().end(answer);
      socket.setTimeout(LEAVING_TIME, () => socket.destroy());
      socket.once('end', () => socket.destroy());
    },
  };
}
