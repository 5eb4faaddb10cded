import type { Listener } from './system/system.ts';

/** A TCP socket of the system, from `/proc/net/tcp` or `/proc/net/tcp6` (proc(5)). */
export interface SocketEntry {
  readonly address: string;
  readonly port: number;
  readonly listening: boolean;
  readonly inode: string;
  /** User id of whoever made it. */
  readonly user: number;
}

const LISTEN = '0A';

/** Sockets without an inode (TIME_WAIT) belong to nobody and are left out. */
export function parseSocketTable(text: string): SocketEntry[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => parseLine(line) ?? []);
}

/** Only those that listen: of a machine's thousands of connections no more than their state is looked at. */
export function parseListeners(text: string): Listener[] {
  return text
    .split('\n')
    .filter((line) => line.includes(` ${LISTEN} `))
    .flatMap((line) => parseLine(line) ?? [])
    .filter(({ listening }) => listening)
    .map(({ inode: id, address, port, user }) => ({ id, address, port, user }));
}

function parseLine(line: string): SocketEntry | undefined {
  const fields = line.trim().split(/\s+/);
  const [hexAddress, hexPort] = (fields[1] ?? '').split(':');
  const inode = fields[9];
  if (hexAddress === undefined || hexPort === undefined || inode === undefined || inode === '0')
    return undefined;
  return {
    address: decodeAddress(hexAddress),
    port: Number.parseInt(hexPort, 16),
    listening: fields[3] === LISTEN,
    inode,
    user: Number(fields[7]),
  };
}

/** The kernel prints each 32-bit word of an address in host byte order (little endian on all that Node runs on). */
function decodeAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length % 4 !== 0) return hex;
  bytes.swap32();
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.subarray(0, 12).toString('hex') === '00000000000000000000ffff')
    return bytes.subarray(12).join('.');
  const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  // The URL parser writes an IPv6 address in its shortest form (RFC 5952).
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1);
}
