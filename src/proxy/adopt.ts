/**
 * Reads an accepted connection with buffers of our own. Node has that for connections that are made (`onread` of
 * `net.connect`), not for those that a server accepts, and allocates 64 KiB for each of their reads, which is an
 * eighth of what a small request costs.
 */
import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';

import { isLastOfTurn, sharedBuffer } from './shared-buffer.ts';
import { readHandleOf, TurnShare, type ReadHandle } from './turn-share.ts';

/** Gets what was read: `piece[0, length)`; see `isShared` for how long it is valid. Must not throw. */
export type OnBytes = (piece: Buffer, length: number) => void;

/** Of the buffers of a connection that has much to say, in bytes. Each is read into once. */
const LARGE = 64 * 1024;

interface AdoptionOptions extends SocketConstructorOpts {
  /** What Node's own servers make their sockets with; not documented. */
  readonly handle: ReadHandle;
  readonly onread: OnReadOpts;
}

/**
 * @param socket just accepted, and not read yet; not to be used any more
 * @returns the socket to use in its place
 */
export function adopt(socket: Socket, onBytes: OnBytes): Socket {
  const handle = takeHandle(socket);
  if (handle === undefined) return socket.on('data', (piece: Buffer) => onBytes(piece, piece.length));
  const onread = createReader(onBytes, () => (adopted.destroyed ? undefined : handle));
  const { allowHalfOpen } = socket;
  const options: AdoptionOptions = { handle, allowHalfOpen, onread };
  const adopted = new Socket(options);
  // Its server counts it as closed; there is nothing left in it that could be.
  socket.destroy();
  return adopted;
}

/** Quiet connections are read into one buffer, a busy one into buffers of its own. */
export function createReader(onBytes: OnBytes, handleOf: () => ReadHandle | undefined): OnReadOpts {
  let busy = false;
  const share = new TurnShare(handleOf);
  return {
    buffer: () => (busy ? Buffer.allocUnsafeSlow(LARGE) : sharedBuffer()),
    callback: (length, buffer) => {
      const isLast = isLastOfTurn(length);
      if (isLast) onBytes(buffer as Buffer, length);
      else share.handle(length, () => onBytes(buffer as Buffer, length));
      busy = !isLast && !share.isDense;
      return true;
    },
  };
}

/** Undefined where sockets are not made as those of Node are, or something of this one was read already. */
function takeHandle(socket: Socket): ReadHandle | undefined {
  const owner = socket as unknown as { _handle?: ReadHandle | null };
  const handle = readHandleOf(socket);
  if (handle === undefined || socket.bytesRead > 0) return undefined;
  // The server has begun to read it.
  handle.readStop();
  handle.reading = false;
  owner._handle = null;
  return handle;
}
