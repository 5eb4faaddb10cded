/** HTTP/1.1 on one raw connection: little enough work that the client is not what is measured. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Address {
  readonly port: number;
  readonly host: string;
}

export interface Response {
  readonly status: number;
  /** Bytes of the head, with its empty line. */
  readonly headLength: number;
  readonly body: Buffer;
}

/** A kept-alive connection; one request at a time. */
export interface Connection {
  /** @throws Error when the connection breaks, or the response is of a kind that the backend never sends. */
  request(head: Buffer): Promise<Response>;
  close(): void;
}

/** What browsers send along. */
export const browserHeaders = ({ host, port }: Address): Record<string, string> => ({
  Host: host,
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  Accept: '*/*',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  Referer: `http://${host}:${port}/`,
  Cookie: 'session=0a1b2c3d4e5f60718293a4b5c6d7e8f9; theme=dark',
  'Sec-Fetch-Dest': 'script',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Site': 'same-origin',
});

export function requestHead(address: Address, path: string, extra: Record<string, string> = {}): Buffer {
  const fields = Object.entries({ ...browserHeaders(address), ...extra });
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
}

interface Pending {
  resolve(response: Response): void;
  reject(error: Error): void;
}

export async function openConnection({ port }: Address): Promise<Connection> {
  let pending: Pending | undefined;
  let chunks: Buffer[] = [];
  let length = 0;
  let head: { readonly status: number; readonly headLength: number; readonly end: number } | undefined;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const fail = (error: Error): void => {
    socket.destroy();
    pending?.reject(error);
    pending = undefined;
  };
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    try {
      head ??= readHead(chunks.length === 1 ? chunk : Buffer.concat(chunks));
    } catch (error) {
      return fail(error as Error);
    }
    if (head === undefined || length < head.end) return undefined;
    if (length > head.end) return fail(new Error(`${length - head.end} bytes after the response`));
    const all = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    const { status, headLength } = head;
    const { resolve } = pending ?? { resolve: () => undefined };
    [pending, chunks, length, head] = [undefined, [], 0, undefined];
    return resolve({ status, headLength, body: all.subarray(headLength) });
  });
  socket.once('error', fail);
  socket.once('close', () => fail(new Error('the connection was closed before the response')));
  return {
    request: (bytes) =>
      new Promise((resolve, reject) => {
        pending = { resolve, reject };
        if (!socket.write(bytes) && socket.destroyed) fail(new Error('the connection is closed'));
      }),
    close: () => closeSilently(socket),
  };
}

function closeSilently(socket: Socket): void {
  socket.removeAllListeners('close');
  socket.destroy();
}

/** Undefined while it is not whole. The backend always tells the length. */
function readHead(bytes: Buffer): { status: number; headLength: number; end: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const text = bytes.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  if (length === undefined) throw new Error(`a response without Content-Length:\n${text}`);
  return { status: Number(text.slice(9, 12)), headLength: end + 4, end: end + 4 + Number(length) };
}

export async function fetchOnce(address: Address, path: string): Promise<Response> {
  const connection = await openConnection(address);
  try {
    return await connection.request(requestHead(address, path));
  } finally {
    connection.close();
  }
}
