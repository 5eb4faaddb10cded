/** Addresses that sockets listen on. Pure. */
import { isIP } from 'node:net';

/** Both loopback addresses that are dialled, and those that stand for every address (RFC 4291 §2.5, RFC 1122 §3.2.1.3). */
const MET = new Set(['127.0.0.1', '::1', '0.0.0.0', '::']);

/**
 * Tells whether a connection to 127.0.0.1 or ::1 may arrive at a socket that listens on the address; also of words for
 * an address that no parser of this machine knows.
 */
export const isMetOnLoopback = (address: string): boolean => isIP(address) === 0 || MET.has(address);
