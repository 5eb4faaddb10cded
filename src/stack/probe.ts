/**
 * One look at an instance: does it answer? Loopback only, both families, because a server may be on either. A look for
 * which there is no file descriptor finds nothing: it throws the system's error.
 */
import { stat } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';

import { systemClock } from '../lib/clock.ts';
import { isScarcity } from '../lib/descriptors.ts';
import { errnoOf, messageOf } from '../lib/errors.ts';
import { statusOf, unansweredFor } from './http-status.ts';

/** Undefined when all is well, else what is not. */
export type ProbeResult = string | undefined;

/** The problem of a port that takes no connection. */
export const REFUSED = 'connection refused';

const FAMILIES = ['127.0.0.1', '::1'];

/** Does anything accept a connection on this port? */
export async function probeTcp(port: number, timeout: number, signal: AbortSignal): Promise<ProbeResult> {
  return onEitherFamily(signal, (host) => dial(host, port, timeout, signal));
}

function dial(host: string, port: number, timeout: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const giveUp = (): void => void socket.destroy(new Error('given up'));
    // Not connect's own `signal`: it leaves its listener on the signal, one more with every look.
    signal.addEventListener('abort', giveUp);
    socket.setTimeout(timeout, () => socket.destroy(new Error(unansweredFor(timeout))));
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => signal.removeEventListener('abort', giveUp));
  });
}

/** Tells two states of a file apart; undefined when there is none. */
export async function stampOf(path: string): Promise<string | undefined> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}

/** Has the file been written since it was in that state? One of an earlier run says nothing about this one. */
export async function probeFile(path: string, before: string | undefined): Promise<ProbeResult> {
  const now = await stampOf(path);
  if (now === undefined) return `${path} is not there`;
  return now === before ? `${path} is from an earlier run` : undefined;
}

/** A server on loopback. */
export interface Server {
  readonly port: number;
  readonly scheme: 'http' | 'https';
}

/** Looks whether a GET of a path of the port, or of a whole URL, is answered with 2xx or 3xx. */
export async function probeHttp(
  own: Server,
  path: string,
  timeout: number,
  signal: AbortSignal,
): Promise<ProbeResult> {
  if (/^https?:\/\//.test(path)) {
    return get(new URL(path), timeout, signal).then(judge, describe);
  }
  const answer = await statusAt(own, path, timeout, signal);
  return 'status' in answer ? judge(answer.status) : answer.problem;
}

/**
 * Asks a port of this machine for a path: the status of the answer, or why there is none.
 * @param accept kinds of content, as an `Accept` field names them
 */
export const statusAt = (
  server: Server,
  path: string,
  timeout: number,
  signal: AbortSignal,
  accept?: string,
): Promise<{ readonly status: number } | { readonly problem: string }> =>
  ask(server, path, signal, async (url, host) => ({
    status: await (server.scheme === 'http'
      ? statusOf({ host, port: server.port, path: url.pathname + url.search, accept }, timeout, signal)
      : get(url, timeout, signal, accept)),
  }));

/** Asks the same for the status and what is said, at most the first KiB of it. */
export const answerAt = (
  server: Server,
  path: string,
  timeout: number,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string } | { readonly problem: string }> =>
  ask(server, path, signal, (url) =>
    exchange(url, timeout, signal, async (response) => ({
      status: response.statusCode ?? 0,
      body: await readStart(response),
    })),
  );

async function ask<T>(
  { port, scheme }: Server,
  path: string,
  signal: AbortSignal,
  request: (url: URL, host: string) => Promise<T>,
): Promise<T | { readonly problem: string }> {
  let answer: T | undefined;
  const problem = await onEitherFamily(signal, async (host) => {
    const name = host.includes(':') ? `[${host}]` : host;
    answer = await request(new URL(path, `${scheme}://${name}:${port}`), host);
  });
  return answer ?? { problem: problem ?? 'no answer' };
}

/** Bytes of an answer that are read. */
const MOST_READ = 1_024;

async function readStart(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MOST_READ) break;
  }
  return Buffer.concat(chunks).subarray(0, MOST_READ).toString('latin1');
}

const judge = (status: number): ProbeResult =>
  status >= 200 && status < 400 ? undefined : `answered with ${status}`;

/** Servers of this machine make their certificates themselves, for a name of it. */
const tlsOf = ({ hostname }: URL): https.RequestOptions =>
  /^(?:127\.0\.0\.1|\[::1\]|(?:.+\.)?localhost)$/.test(hostname)
    ? { rejectUnauthorized: false, servername: hostname.endsWith('localhost') ? hostname : 'localhost' }
    : {};

const get = (url: URL, timeout: number, signal: AbortSignal, accept?: string): Promise<number> =>
  exchange(url, timeout, signal, async ({ statusCode = 0 }) => statusCode, accept);

/** @param timeout milliseconds for the answer and what is read of it, however slowly that comes */
function exchange<T>(
  url: URL,
  timeout: number,
  signal: AbortSignal,
  read: (response: http.IncomingMessage) => Promise<T>,
  accept?: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const headers = accept === undefined ? {} : { accept };
    const options = { agent: false, signal, headers } as const;
    const take = (response: http.IncomingMessage): void => {
      void read(response)
        .then(resolve, reject)
        .finally(() => response.destroy());
    };
    const request =
      url.protocol === 'https:'
        ? https.get(url, { ...options, ...tlsOf(url) }, take)
        : http.get(url, options, take);
    const cancel = systemClock.after(timeout, () => {
      reject(new Error(unansweredFor(timeout)));
      request.destroy();
    });
    request.on('error', reject);
    request.once('close', cancel);
  });
}

/** @throws the error, where there was no descriptor to look with */
function describe(error: unknown): string {
  if (isScarcity(error)) throw error;
  return messageOf(error);
}

async function onEitherFamily(
  signal: AbortSignal,
  look: (host: string) => Promise<void>,
): Promise<ProbeResult> {
  let first: string | undefined;
  for (const host of FAMILIES) {
    // Nobody would end a look that begins after the signal.
    if (signal.aborted) return first ?? 'given up';
    try {
      await look(host);
      return undefined;
    } catch (error) {
      const errno = errnoOf(error);
      const problem = errno === 'ECONNREFUSED' ? REFUSED : describe(error);
      // Whoever is there at one address says more than that nobody is at the other; "no such address" does not.
      if (first === undefined || (first === REFUSED && errno === undefined)) first = problem;
    }
  }
  return first;
}
