/** Raw ends of connections, which do exactly what a test says. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { Scene } from './scene.ts';

export interface RawClient {
  readonly socket: Socket;
  /** Everything that was received. */
  readonly text: string;
  send(text: string): void;
  /** Waits until this was received; returns everything received so far. */
  until(part: string): Promise<string>;
  /** Waits until the connection is gone; returns what was received, and the error's code. */
  readonly closed: Promise<{ readonly text: string; readonly code: string | undefined }>;
}

export async function openRaw(port: number, host = '127.0.0.1'): Promise<RawClient> {
  const socket = connect({ port, host, allowHalfOpen: true });
  let text = '';
  let code: string | undefined;
  let look = (): void => undefined;
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    look();
  });
  // The other half is closed by tests that are about halves.
  socket.on('end', () => {
    socket.end();
    look();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code));
  const closed = new Promise<{ text: string; code: string | undefined }>((resolve) => {
    socket.once('close', () => {
      resolve({ text, code });
      look();
    });
  });
  await once(socket, 'connect');
  return {
    socket,
    closed,
    get text() {
      return text;
    },
    send: (more) => void socket.write(more, 'latin1'),
    until: (part) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (text.includes(part)) resolve(text);
          else if (socket.closed) reject(new Error(`closed after ${JSON.stringify(text)} (${code})`));
        };
        look();
      }),
  };
}

/** A connection to a backend, and what came over it. */
export interface BackendSide {
  readonly socket: Socket;
  readonly text: string;
}

/**
 * A backend that calls `onRequest` for every empty line that ends a head, with the number of the connection and
 * that of the request on it.
 */
export async function scriptedBackend(
  scene: Scene,
  onRequest: (socket: Socket, connection: number, request: number) => void,
): Promise<BackendSide[]> {
  const sides: BackendSide[] = [];
  await scene.rawBackend((socket) => {
    let text = '';
    let requests = 0;
    const connection = sides.length;
    sides.push({
      socket,
      get text() {
        return text;
      },
    });
    socket.on('data', (chunk) => {
      const before = text.split('\r\n\r\n').length;
      text += chunk.toString('latin1');
      const heads = text.split('\r\n\r\n').length - before;
      for (let head = 0; head < heads; head += 1) onRequest(socket, connection, requests++);
    });
  });
  return sides;
}

export const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
