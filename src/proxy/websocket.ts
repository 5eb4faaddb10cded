/** Ends a WebSocket that runs through a proxy the proper way: with a close frame, and not inside of another frame. */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';

/** A head without a long length: two bytes (RFC 6455 §5.2). */
const SHORT_HEAD = 2;
const MASK = 4;

/** Follows the frames of one direction (RFC 6455 §5.2), only to know where one ends. One for each of many idle tunnels. */
export class FrameFollower {
  /** Bytes of the frame's head that have come, and how long it is as far as that is known. */
  #seen = 0;
  #head = SHORT_HEAD;
  #masked = false;
  /** Of the payload, as far as the head has said. */
  #length = 0;
  /** Bytes of the mask and the payload that are still to come. */
  #left = 0;

  /** Whether the last byte seen ended a frame. */
  get isBetween(): boolean {
    return this.#left === 0 && this.#seen === 0;
  }

  push(chunk: Buffer, from = 0, to = chunk.length): void {
    let at = from;
    while (at < to) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, to - at);
        this.#left -= taken;
        at += taken;
      } else {
        this.#readHead(chunk[at] as number);
        at += 1;
      }
    }
  }

  #readHead(byte: number): void {
    this.#seen += 1;
    if (this.#seen === SHORT_HEAD) {
      const short = byte & 0x7f;
      this.#masked = byte > 0x7f;
      // The second byte is the length, or says how many bytes have it.
      this.#head = short === 126 ? 4 : short === 127 ? 10 : SHORT_HEAD;
      this.#length = short < 126 ? short : 0;
    } else if (this.#seen > SHORT_HEAD) {
      this.#length = this.#length * 256 + byte;
    }
    if (this.#seen < this.#head) return;
    this.#left = this.#length + (this.#masked ? MASK : 0);
    this.#seen = 0;
    this.#head = SHORT_HEAD;
  }
}

/** 1001: an endpoint is going away (RFC 6455 §7.4.1). */
const GOING_AWAY = 1001;

/** A client masks what it sends, a server does not (§5.1). */
export function closeFrame(from: 'client' | 'server', code = GOING_AWAY): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  if (from === 'server') return Buffer.concat([Buffer.from([0x88, 2]), payload]);
  const mask = randomBytes(4);
  const masked = payload.map((byte, index) => byte ^ (mask[index] ?? 0));
  return Buffer.concat([Buffer.from([0x88, 0x82]), mask, masked]);
}

/** Milliseconds that a frame which is under way, and then the other end's answer, may take. */
export const PATIENCE = 1_000;

export interface Tunnel {
  readonly client: Duplex;
  readonly backend: Duplex;
}

/** Call before the first byte flows between the two; the returned function closes the WebSocket. */
export function watchWebSocket({ client, backend }: Tunnel): () => void {
  const toClient = watchEnd(client, backend, 'server');
  const toBackend = watchEnd(backend, client, 'client');
  return () => {
    toClient();
    toBackend();
  };
}

/** @param speaker whom `to` takes the close frame for */
function watchEnd(to: Duplex, from: Duplex, speaker: 'client' | 'server'): () => void {
  const frames = new FrameFollower();
  let closing = false;
  let isSent = false;
  const send = (): void => {
    if (isSent || to.destroyed || !frames.isBetween) return;
    isSent = true;
    from.unpipe(to);
    // What the other end still sends is read and dropped, or its answer to the close would never be seen.
    from.resume();
    to.end(closeFrame(speaker));
    setTimeout(() => to.destroy(), PATIENCE).unref();
  };
  from.on('data', (chunk: Buffer) => {
    frames.push(chunk);
    // After this turn, in which the chunk is also written to the other end.
    if (closing && frames.isBetween) queueMicrotask(send);
  });
  return () => {
    closing = true;
    if (frames.isBetween) send();
    else setTimeout(() => to.destroy(), PATIENCE).unref();
  };
}
