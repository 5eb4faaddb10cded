/**
 * Where quiet connections are read to: one buffer for all of them, since each read is handled to the end before the
 * next is made. One of its own would cost each connection memory, and a new one for each read time.
 */
const SHARED = Buffer.allocUnsafeSlow(16 * 1024);

/** Its size in bytes. A read that fills it promises more, which is better read with larger ones. */
export const SHARED_SIZE = SHARED.length;

export const sharedBuffer = (): Buffer => SHARED;

/** Whether what a piece holds is gone when its reader returns: what is kept of it must be copied. */
export const isShared = (piece: Buffer): boolean => piece === SHARED;
