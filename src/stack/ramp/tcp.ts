/** Relays connections byte for byte. The one to the instance is made when there is one to go to. */
import type { Socket } from 'node:net';

import { reset } from '../../proxy/reset.ts';
import { isFull, splice } from '../../proxy/splice.ts';
import { Upstream } from '../../proxy/pool-upstream.ts';
import type { Passage } from '../../proxy/traffic.ts';
import { systemTransport, type Transport } from '../../proxy/transport.ts';
import type { Gate, RampTarget } from './gate.ts';

export interface Relay {
  /** Takes over a connection; its socket must allow half-open connections. */
  accept(socket: Socket): void;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** What a client may say before somebody listens (bytes). */
const MAX_EARLY = 64 * 1024;

/** Milliseconds for a connection to the instance; loopback answers at once. */
const CONNECT_TIME = 5_000;

/** An instance may listen on either loopback family. */
const FAMILIES = ['127.0.0.1', '::1'];

/** A connection to an instance that refuses it is tried again this often. */
const ATTEMPTS = 50;

export function createTcpRelay(gate: Gate, transport: Transport = systemTransport): Relay {
  const open = new Set<Socket>();
  return {
    accept: (accepted) => {
      const client = createClient(accepted, transport);
      const { socket } = client;
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => open.delete(socket));
      void serve(gate, client, transport);
    },
    close: async () => {
      const closed = [...open].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      for (const socket of open) reset(socket);
      await Promise.all(closed);
    },
  };
}

interface Client {
  readonly socket: Socket;
  /** What becomes of the bytes that are read, see `adopt`. */
  onBytes: (piece: Buffer, length: number) => void;
}

function createClient(accepted: Socket, transport: Transport): Client {
  const client: Client = {
    socket: transport.adopt(accepted, (piece, length) => client.onBytes(piece, length)),
    onBytes: () => undefined,
  };
  return client;
}

async function serve(gate: Gate, client: Client, transport: Transport): Promise<void> {
  const gone = new AbortController();
  const stopReading = readAhead(client, () => gone.abort());
  let entry = await gate.enter('tunnel', gone.signal);
  for (let attempt = 1; entry.kind === 'passage'; attempt += 1) {
    const { target, passage } = entry;
    const instance = await dial(target, transport);
    if (instance !== undefined) {
      const early = stopReading();
      return relay(client, instance, early, passage);
    }
    passage.end();
    if (attempt === ATTEMPTS) break;
    entry = await gate.reenter(target, 'tunnel', gone.signal);
  }
  stopReading();
  reset(client.socket);
}

/** What the client said before somebody listened, and whether that was all. */
interface Early {
  readonly chunks: readonly Buffer[];
  readonly ended: boolean;
}

/**
 * Reads while the connection waits, or nobody would notice that the client has left. One that ends its side without
 * a word has; one that said something may still wait for the answer.
 */
function readAhead(client: Client, onGone: () => void): () => Early {
  const { socket } = client;
  const chunks: Buffer[] = [];
  let size = 0;
  let ended = false;
  client.onBytes = (piece, length) => {
    // A copy: the piece is read into again.
    chunks.push(Buffer.from(piece.subarray(0, length)));
    size += length;
    // The rest waits in the kernel.
    if (size >= MAX_EARLY) socket.pause();
  };
  const onEnd = (): void => {
    ended = true;
    if (size === 0) onGone();
  };
  socket.once('end', onEnd).once('close', onGone);
  return () => {
    socket.pause().off('end', onEnd).off('close', onGone);
    return { chunks, ended };
  };
}

async function dial({ host, port }: RampTarget, transport: Transport): Promise<Upstream | undefined> {
  for (const address of FAMILIES.includes(host) ? FAMILIES : [host]) {
    const upstream = await tryDial(address, port, transport);
    if (upstream !== undefined) return upstream;
  }
  return undefined;
}

function tryDial(address: string, port: number, transport: Transport): Promise<Upstream | undefined> {
  return new Promise((resolve) => {
    const upstream = new Upstream({ protocol: 'http', host: address, port }, address, transport);
    const { socket } = upstream;
    socket.setTimeout(CONNECT_TIME, () => socket.destroy());
    socket.once('close', () => resolve(undefined));
    socket.once('connect', () => {
      socket.setTimeout(0);
      resolve(upstream);
    });
  });
}

function relay(client: Client, upstream: Upstream, early: Early, passage: Passage): void {
  const { socket } = client;
  const instance = upstream.socket;
  const cut = (): void => {
    reset(socket);
    reset(instance);
  };
  let open = 2;
  const onClose = (other: Socket, broke: boolean): void => {
    open -= 1;
    // An end that broke off breaks off the other, or what came so far would look whole; one that finished has told so.
    if (broke) reset(other);
    else other.destroySoon();
    if (open > 0) return;
    passage.until.removeEventListener('abort', cut);
    passage.end();
  };
  passage.until.addEventListener('abort', cut);
  upstream.user = {
    sink: socket,
    onBytes: (piece, length) => {
      splice(socket, '', piece, 0, length, '');
      if (isFull(socket)) instance.pause();
    },
    onEnd: () => void socket.end(),
    onDrain: () => void socket.resume(),
    onClose: (error) => onClose(socket, error !== undefined),
  };
  socket.once('close', (broke) => onClose(instance, broke));
  if (socket.destroyed) {
    open -= 1;
    instance.destroy();
    return;
  }
  socket.on('drain', () => instance.resume());
  for (const chunk of early.chunks) instance.write(chunk);
  if (early.ended) {
    instance.end();
    return;
  }
  client.onBytes = (piece, length) => {
    splice(instance, '', piece, 0, length, '');
    if (isFull(instance)) socket.pause();
  };
  socket.once('end', () => instance.end());
  socket.resume();
}
