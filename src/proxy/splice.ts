/** Sends what was read on one socket over another, in one write where that can be. */
import type { Socket } from 'node:net';

import { isShared } from './shared-buffer.ts';

/** Up to here it is cheaper to copy bytes into the text before them than to send two pieces. */
const SMALL = 16 * 1024;

/**
 * Sends `head`, then `piece[from, to)`, then `tail`.
 * @param piece kept until it is sent, unless it is shared: then it is copied
 */
export function splice(
  sink: Socket,
  head: string,
  piece: Buffer,
  from: number,
  to: number,
  tail: string,
): void {
  if (isShared(piece) || (to - from <= SMALL && (head !== '' || tail !== ''))) {
    const text = to > from ? head + piece.toString('latin1', from, to) + tail : head + tail;
    if (text !== '') sink.write(text, 'latin1');
    return;
  }
  const bytes = from === 0 && to === piece.length ? piece : piece.subarray(from, to);
  if (head === '' && tail === '') {
    if (to > from) sink.write(bytes);
    return;
  }
  sink.cork();
  if (head !== '') sink.write(head, 'latin1');
  sink.write(bytes);
  if (tail !== '') sink.write(tail, 'latin1');
  sink.uncork();
}

/** It has to catch up before it is given more; it will emit `drain`. */
export function isFull(sink: Socket): boolean {
  // What could be sent at once leaves nothing behind, whatever the water mark says.
  return sink.writableLength > 0 && sink.writableNeedDrain;
}
