/**
 * Where quiet connections are read to: one buffer for all of them, since each read is handled to the end before the
 * next is made. One of its own would cost each connection memory, and a new one for each read time.
 */
const SHARED = Buffer.allocUnsafeSlow(16 * 1024);

/**
 * Whether a read of so many bytes left the system nothing to give: Node asks for more in the same turn of the event loop
 * only behind a read that has filled its buffer, and none is smaller than this one. Such reads, nearly all of those of
 * ordinary requests, need no share of the turn (`turn-share.ts`), and no larger buffer.
 */
export const isLastOfTurn = (length: number): boolean => length < SHARED.length;

export const sharedBuffer = (): Buffer => SHARED;

/** Whether what a piece holds is gone when its reader returns: what is kept of it must be copied. */
export const isShared = (piece: Buffer): boolean => piece === SHARED;
