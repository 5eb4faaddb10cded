/**
 * Asks a server of this machine for the status of a page, over a connection of its own. A stack asks all its services
 * for ever: this reads a status line and no more (RFC 9112, section 4), for a third of what Node's client costs.
 */
import { connect } from 'node:net';

import { systemClock } from '../lib/clock.ts';

/** Bytes before the status: what sends more than this in interim answers does not come to an end. */
const MOST = 64 * 1024;

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?![^ \r\n])/;

/** An interim answer (1xx, RFC 9110, section 15.2) that another follows; 101 is a last word. */
const isInterim = (status: number): boolean => status < 200 && status !== 101;

/**
 * Finds the status of the answer in the first bytes of a connection.
 * @returns undefined where there have been too few of them
 * @throws an error that says what came in place of an answer
 */
export function readStatus(text: string): number | undefined {
  const lineEnd = text.indexOf('\n');
  if (lineEnd < 0) {
    if (text.length >= 5 && !text.startsWith('HTTP/')) throw new Error('it answers, but not in HTTP');
    return undefined;
  }
  const status = Number(STATUS_LINE.exec(text)?.[1]);
  if (Number.isNaN(status)) throw new Error('it answers, but not in HTTP');
  if (!isInterim(status)) return status;
  const [blank] = /\r?\n\r?\n/.exec(text) ?? [];
  return blank === undefined ? undefined : readStatus(text.slice(text.indexOf(blank) + blank.length));
}

/** The problem of a server that has said nothing so many milliseconds after it was asked. */
export const unansweredFor = (ms: number): string => `no answer within ${ms} ms`;

export interface Page {
  /** An address, not a name. */
  readonly host: string;
  readonly port: number;
  /** Begins with a slash. */
  readonly path: string;
  /** The `Accept` field (RFC 9110 §12.5.1); default: none. */
  readonly accept?: string | undefined;
}

/**
 * @param timeout milliseconds until there has to be a status, however slowly the bytes come
 * @throws the system's error, or one that says what came in place of an answer
 */
export function statusOf(
  { host, port, path, accept }: Page,
  timeout: number,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const giveUp = (): void => void socket.destroy(new Error('given up'));
    // Not connect's own `signal`: it leaves its listener on the signal, one more with every look.
    signal.addEventListener('abort', giveUp);
    const cancel = systemClock.after(timeout, () => socket.destroy(new Error(unansweredFor(timeout))));
    const authority = host.includes(':') ? `[${host}]` : host;
    let text = '';
    const wish = accept === undefined ? '' : `Accept: ${accept}\r\n`;
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${authority}:${port}\r\n${wish}Connection: close\r\n\r\n`);
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      try {
        const status = readStatus(text);
        if (status === undefined && text.length < MOST) return;
        if (status === undefined) throw new Error('its answer does not come to an end');
        resolve(status);
        socket.destroy();
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.once('error', reject);
    socket.once('end', () => socket.destroy(new Error('it closed the connection without an answer')));
    socket.once('close', () => {
      cancel();
      signal.removeEventListener('abort', giveUp);
      reject(new Error('it closed the connection without an answer'));
    });
  });
}
