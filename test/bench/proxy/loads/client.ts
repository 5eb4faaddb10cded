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

/** A client with one connection, which is kept as long as the other side keeps it; one request at a time. */
export interface Client {
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

export function createClient({ port }: Address): Client {
  let socket: Socket | undefined;
  let reader = createReader();
  return {
    request: async (head) => {
      if (socket === undefined || socket.destroyed) {
        socket = connect({ port, host: '127.0.0.1', noDelay: true });
        reader = createReader();
        attach(socket, reader);
        await once(socket, 'connect');
      }
      const { response, keep } = await reader.next(() => socket?.write(head));
      if (!keep) socket.destroy();
      return response;
    },
    close: () => socket?.destroy(),
  };
}

/** For the life of a connection: listeners that come and go with every request would be measured. */
function attach(socket: Socket, reader: Reader): void {
  socket.on('data', (chunk: Buffer) => reader.read(chunk));
  socket.once('error', (error) => reader.fail(error));
  socket.once('close', () => reader.fail(new Error('the connection was closed before the response')));
}

interface Answer {
  readonly response: Response;
  /** Whether another request may follow. */
  readonly keep: boolean;
}

/** Puts responses together. */
interface Reader {
  next(ask: () => void): Promise<Answer>;
  read(chunk: Buffer): void;
  fail(error: Error): void;
}

function createReader(): Reader {
  let pending: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;
  let chunks: Buffer[] = [];
  let length = 0;
  let head: Head | undefined;
  const fail = (error: Error): void => {
    pending?.reject(error);
    pending = undefined;
  };
  const gather = (): Buffer => (chunks.length === 1 ? chunks[0] : undefined) ?? Buffer.concat(chunks);
  return {
    fail,
    next: (ask) =>
      new Promise((resolve, reject) => {
        pending = { resolve, reject };
        [chunks, length, head] = [[], 0, undefined];
        ask();
      }),
    read: (chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      try {
        head ??= readHead(gather());
      } catch (error) {
        return fail(error as Error);
      }
      if (head === undefined || length < head.end) return undefined;
      if (length > head.end) return fail(new Error(`${length - head.end} bytes after the response`));
      const { status, headLength, keep } = head;
      pending?.resolve({ response: { status, headLength, body: gather().subarray(headLength) }, keep });
      pending = undefined;
      return undefined;
    },
  };
}

interface Head {
  readonly status: number;
  readonly headLength: number;
  /** Bytes of head and body. */
  readonly end: number;
  readonly keep: boolean;
}

/** Undefined while it is not whole. The backend always tells the length. */
function readHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const text = bytes.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  if (length === undefined) throw new Error(`a response without Content-Length:\n${text}`);
  const headLength = end + 4;
  return {
    status: Number(text.slice(9, 12)),
    headLength,
    end: headLength + Number(length),
    keep: !/\r\nconnection: *close/i.test(text),
  };
}

export async function fetchOnce(address: Address, path: string): Promise<Response> {
  const client = createClient(address);
  try {
    return await client.request(requestHead(address, path));
  } finally {
    client.close();
  }
}
