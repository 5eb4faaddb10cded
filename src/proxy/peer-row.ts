/** Rows of `/proc/net/tcp` and `/proc/net/tcp6` (proc(5)) for the client's end of a loopback connection. Pure. */
import { isIPv4 } from 'node:net';

/** Both ends of a connection as the proxy's socket has them. */
export interface Connection {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** Reads both ends of a connection. @returns undefined when it is closed, or none over TCP */
export function readEnds(socket: {
  readonly [End in keyof Connection]?: Connection[End] | undefined;
}): Connection | undefined {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (localAddress === undefined || localPort === undefined) return undefined;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { localAddress, localPort, remoteAddress, remotePort };
}

/**
 * What the system says of a client that has sent FIN: `halfClosed`: a process still has the socket open and may read;
 * `gone`: no process has it (a closed socket has inode 0); `absent`: the socket is not in this table.
 */
export type PeerState = 'halfClosed' | 'gone' | 'absent';

/** Column of the inode in a row that is split at blanks, counted from the client's address. */
const INODE = 8;

/**
 * Names the two columns of the row in which a connection's client is the local end. An IPv4 client may have a socket of
 * either family: Java's are IPv6 ones with mapped addresses (RFC 4291 §2.5.5.2), and in the table of those.
 */
export function findColumns(
  connection: Connection,
): { readonly table: 'tcp' | 'tcp6'; readonly columns: string }[] {
  const { localAddress, localPort, remoteAddress, remotePort } = connection;
  const columns = (encode: (address: string) => string): string =>
    ` ${encode(remoteAddress)}:${hex16(remotePort)} ${encode(localAddress)}:${hex16(localPort)} `;
  if (!isIPv4(remoteAddress)) return [{ table: 'tcp6', columns: columns(encodeSix) }];
  return [
    { table: 'tcp', columns: columns(encodeFour) },
    {
      table: 'tcp6',
      columns: columns(
        (address) => `0000000000000000${encodeWord([0, 0, 0xff, 0xff])}${encodeFour(address)}`,
      ),
    },
  ];
}

/** Finds the row with these columns in whole rows of a table. @returns undefined when there is none */
export function findState(rows: string, columns: string): Exclude<PeerState, 'absent'> | undefined {
  const at = rows.indexOf(columns);
  if (at === -1) return undefined;
  const end = rows.indexOf('\n', at);
  const words = rows.slice(at + 1, end === -1 ? undefined : end).split(/ +/);
  return words[INODE] === '0' ? 'gone' : 'halfClosed';
}

const hex16 = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/** A 32-bit word as the kernel prints it: in host byte order, little endian on all that Node runs on. */
const encodeWord = (bytes: readonly number[]): string =>
  bytes
    .toReversed()
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join('');

const encodeFour = (address: string): string => encodeWord(address.split('.').map(Number));

function encodeSix(address: string): string {
  // The zone of a link-local address is no part of it (RFC 4007 §11).
  const [plain = ''] = address.split('%');
  const [head = '', tail] = plain.split('::');
  const front = groupsOf(head);
  const back = groupsOf(tail ?? '');
  const groups = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
  const bytes = groups.flatMap((group) => [group >> 8, group & 0xff]);
  return [0, 4, 8, 12].map((at) => encodeWord(bytes.slice(at, at + 4))).join('');
}

const groupsOf = (text: string): number[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
