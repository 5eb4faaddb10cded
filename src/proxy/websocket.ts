/** Ends a WebSocket that runs through a proxy the proper way: with a close frame, and not inside of another frame. */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';

/** Follows the frames of one direction (RFC 6455 §5.2), only to know where one ends. */
export interface FrameFollower {
  push(chunk: Buffer): void;
  /** Whether the last byte seen ended a frame. */
  readonly isBetween: boolean;
}

export function followFrames(): FrameFollower {
  /** The head of a frame as far as it has come, and bytes of its mask and payload that are still to come. */
  let head = Buffer.alloc(0);
  let left = 0;
  return {
    push: (chunk) => {
      let rest = chunk;
      while (rest.length > 0) {
        if (left > 0) {
          const taken = Math.min(left, rest.length);
          left -= taken;
          rest = rest.subarray(taken);
          continue;
        }
        const missing = headLength(head) - head.length;
        head = Buffer.concat([head, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (head.length < headLength(head)) continue;
        left = bodyLength(head);
        head = Buffer.alloc(0);
      }
    },
    get isBetween() {
      return left === 0 && head.length === 0;
    },
  };
}

/** How long the head is, as far as that is known: the second byte says how the length is written. */
function headLength(head: Buffer): number {
  const length = (head[1] ?? 0) & 0x7f;
  return length === 126 ? 4 : length === 127 ? 10 : 2;
}

function bodyLength(head: Buffer): number {
  const second = head[1] ?? 0;
  const short = second & 0x7f;
  const length =
    short === 126 ? head.readUInt16BE(2) : short === 127 ? Number(head.readBigUInt64BE(2)) : short;
  return length + ((second & 0x80) === 0 ? 0 : 4);
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
  const frames = followFrames();
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
