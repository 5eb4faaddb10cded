/**
 * The engine's own interface (Docker Engine API, which Podman speaks too) over its socket. A program that is started for
 * every question costs a hundred times as much. Every request has a connection of its own: nothing is left open.
 */
import { spawn } from 'node:child_process';
import http, { type IncomingMessage, type RequestOptions } from 'node:http';
import { Duplex } from 'node:stream';

import { PortrampError, errnoOf, messageOf } from '../../lib/errors.ts';
import { findEndpoint, nameOf, type Endpoint } from './endpoint.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface EngineClient {
  /**
   * Asks, and reads the answer as JSON; undefined when the engine knows nothing of that name.
   * @throws PortrampError ENGINE_UNREACHABLE when it does not answer, or refuses.
   */
  get(path: string, query?: Query): Promise<unknown>;
  /** Has something done. Undefined when it was, else why not. @throws PortrampError ENGINE_UNREACHABLE */
  send(method: 'POST' | 'DELETE', path: string, options?: SendOptions): Promise<string | undefined>;
  /**
   * Opens an answer that goes on: events, or a log. Whoever gets it closes it.
   * @throws PortrampError ENGINE_UNREACHABLE
   */
  open(path: string, query: Query, signal: AbortSignal): Promise<IncomingMessage>;
}

export type Query = Readonly<Record<string, string>>;

export interface SendOptions {
  readonly query?: Query;
  readonly body?: unknown;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** Milliseconds; an engine that answers slower than this is stuck. */
const TIMEOUT = 20_000;

/** @param program The one that Compose is called by. */
export function createEngineClient(environment: Environment, program: string): EngineClient {
  // Found anew for each request: a context may be chosen while a stack runs.
  const ask = async (options: Ask): Promise<IncomingMessage> =>
    begin(await findEndpoint(environment, program), environment, options);
  return {
    get: async (path, query = {}) => {
      const answer = await ask({ method: 'GET', path, query, timeout: TIMEOUT, isWhole: true });
      const text = await readText(answer);
      if (answer.statusCode === 404) return undefined;
      if ((answer.statusCode ?? 0) >= 400) throw refused(text);
      return JSON.parse(text) as unknown;
    },
    send: async (method, path, { query = {}, body, timeout = TIMEOUT } = {}) => {
      const answer = await ask({ method, path, query, body, timeout, isWhole: true });
      const text = await readText(answer);
      return (answer.statusCode ?? 0) < 400 ? undefined : messageIn(text);
    },
    open: async (path, query, signal) => {
      const answer = await ask({ method: 'GET', path, query, timeout: TIMEOUT, signal });
      if ((answer.statusCode ?? 0) < 400) return answer;
      throw refused(await readText(answer));
    },
  };
}

interface Ask {
  readonly method: string;
  readonly path: string;
  readonly query: Query;
  readonly body?: unknown;
  /** Milliseconds until the answer begins, or is whole. */
  readonly timeout: number;
  readonly isWhole?: true;
  readonly signal?: AbortSignal;
}

function begin(
  endpoint: Endpoint,
  environment: Environment,
  { method, path, query, body, timeout, isWhole, signal }: Ask,
): Promise<IncomingMessage> {
  const search = new URLSearchParams(query).toString();
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((settle, reject) => {
    const request = http.request({
      ...optionsFor(endpoint, environment),
      method,
      path: search === '' ? path : `${path}?${search}`,
      headers: {
        Host: 'docker',
        ...(text === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
      },
    });
    const abort = (): void => void request.destroy();
    let begun: IncomingMessage | undefined;
    const late = setTimeout(() => {
      (begun ?? request).destroy(new Error(`no answer within ${timeout / 1000} s`));
    }, timeout);
    signal?.addEventListener('abort', abort, { once: true });
    request.once('close', () => {
      clearTimeout(late);
      signal?.removeEventListener('abort', abort);
    });
    request.once('error', (error) => reject(unreachable(endpoint, error)));
    request.once('response', (answer) => {
      begun = answer;
      if (isWhole === undefined) clearTimeout(late);
      settle(answer);
    });
    if (signal?.aborted) abort();
    request.end(text);
  });
}

function optionsFor(endpoint: Endpoint, environment: Environment): RequestOptions {
  switch (endpoint.kind) {
    case 'socket':
      return { socketPath: endpoint.path, agent: false };
    case 'tcp':
      return { host: endpoint.host, port: endpoint.port, agent: false };
    case 'program':
      return { createConnection: () => dialByProgram(environment) };
  }
}

/** `docker` knows how to get there, and passes on what it is given. */
function dialByProgram(environment: Environment): Duplex {
  const child = spawn('docker', ['system', 'dial-stdio'], {
    env: { ...environment },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const pipe = new Duplex({
    read: () => void child.stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => void child.stdin.write(chunk, done),
    final: (done) => void child.stdin.end(done),
    destroy: (error, done) => {
      child.kill('SIGKILL');
      done(error);
    },
  });
  child.stdout.on('data', (chunk: Buffer) => {
    if (!pipe.push(chunk)) child.stdout.pause();
  });
  child.stdout.once('end', () => pipe.push(null));
  // A program that has ended does not read: its end is told by what it wrote.
  child.stdin.on('error', () => undefined);
  child.once('error', (error) => pipe.destroy(error));
  return pipe;
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch (error) {
    throw new PortrampError('ENGINE_UNREACHABLE', `the container engine broke off: ${messageOf(error)}`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What it says of itself; errors are `{"message": …}`. */
function messageIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message);
  } catch {
    // Not JSON: as it is.
  }
  return text.trim();
}

const refused = (text: string): PortrampError =>
  new PortrampError('ENGINE_UNREACHABLE', `the container engine says: ${messageIn(text)}`);

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOENT: 'there is no such socket',
  EACCES: 'this user may not talk to it',
};

function unreachable(endpoint: Endpoint, error: Error): PortrampError {
  const code = errnoOf(error) ?? '';
  const message = `the container engine does not answer at ${nameOf(endpoint)}: ${REASONS[code] ?? messageOf(error)}`;
  const hint =
    code === 'EACCES'
      ? 'add this user to the group "docker"'
      : 'start Docker (or Podman), and see "docker info"';
  return new PortrampError('ENGINE_UNREACHABLE', message, { hint, cause: error });
}
