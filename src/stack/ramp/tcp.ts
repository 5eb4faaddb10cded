/** Relays connections byte for byte. The one to the instance is made when there is one to go to. */
import { connect, type Socket } from 'node:net';

import type { Passage } from '../../proxy/traffic.ts';
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

export function createTcpRelay(gate: Gate): Relay {
  const open = new Set<Socket>();
  return {
    accept: (client) => {
      open.add(client);
      client.setNoDelay(true);
      client.on('error', () => client.destroy());
      client.once('close', () => open.delete(client));
      void serve(gate, client);
    },
    close: async () => {
      const closed = [...open].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      for (const socket of open) socket.destroy();
      await Promise.all(closed);
    },
  };
}

async function serve(gate: Gate, client: Socket): Promise<void> {
  const gone = new AbortController();
  const stopReading = readAhead(client, () => gone.abort());
  let entry = await gate.enter('tunnel', gone.signal);
  for (let attempt = 1; entry.kind === 'passage'; attempt += 1) {
    const { target, passage } = entry;
    const instance = await dial(target);
    if (instance !== undefined) {
      const early = stopReading();
      return relay(client, instance, early, passage);
    }
    passage.end();
    if (attempt === ATTEMPTS) break;
    entry = await gate.reenter(target, 'tunnel', gone.signal);
  }
  stopReading();
  client.destroy();
}

/**
 * Reads while the connection waits, or nobody would notice that the client has left. One that ends its side without
 * a word has; one that said something may still wait for the answer.
 */
function readAhead(client: Socket, onGone: () => void): () => { chunks: Buffer[]; ended: boolean } {
  const chunks: Buffer[] = [];
  let size = 0;
  let ended = false;
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
    // The rest waits in the kernel.
    if (size >= MAX_EARLY) client.pause();
  };
  const onEnd = (): void => {
    ended = true;
    if (size === 0) onGone();
  };
  client.on('data', onData).once('end', onEnd).once('close', onGone);
  return () => {
    client.pause().off('data', onData).off('end', onEnd).off('close', onGone);
    return { chunks, ended };
  };
}

async function dial({ host, port }: RampTarget): Promise<Socket | undefined> {
  for (const address of FAMILIES.includes(host) ? FAMILIES : [host]) {
    const socket = await tryDial(address, port);
    if (socket !== undefined) return socket;
  }
  return undefined;
}

function tryDial(host: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
    socket.setTimeout(CONNECT_TIME, () => socket.destroy());
    socket.once('close', () => resolve(undefined));
    socket.on('error', () => socket.destroy());
    socket.once('connect', () => {
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

function relay(
  client: Socket,
  instance: Socket,
  early: { readonly chunks: readonly Buffer[]; readonly ended: boolean },
  passage: Passage,
): void {
  const cut = (): void => {
    client.destroy();
    instance.destroy();
  };
  let open = 2;
  const onClose = (other: Socket) => (hadError: boolean) => {
    open -= 1;
    // An end that broke takes the other along; one that finished has told it so already.
    if (hadError) other.destroy();
    else other.destroySoon();
    if (open > 0) return;
    passage.until.removeEventListener('abort', cut);
    passage.end();
  };
  client.once('close', onClose(instance));
  instance.once('close', onClose(client));
  passage.until.addEventListener('abort', cut);
  if (client.destroyed) {
    open -= 1;
    instance.destroy();
    return;
  }
  for (const chunk of early.chunks) instance.write(chunk);
  instance.pipe(client);
  if (early.ended) instance.end();
  else client.pipe(instance);
}
