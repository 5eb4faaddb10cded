/**
 * One end of a control connection: newline-delimited JSON, requests and notices both ways (see `messages.ts`).
 * What comes in is checked by `serve` and the notice listeners; this file only knows the envelope.
 */
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';

import { systemClock, type Clock } from '../lib/clock.ts';
import { ERROR_CODES, PortrampError, messageOf, type ErrorCode } from '../lib/errors.ts';
import { describeSystemError } from '../lib/system-error.ts';
import type { Budget } from './budget.ts';
import { MAX_LINE, createLineReader } from './lines.ts';

/** A connection whose other end leaves more than this unread is closed: 1 MiB. */
const MAX_UNSENT = 1024 * 1024;

/** Requests of one connection that may be worked on at once. */
const MAX_SERVED = 1_000;

/** How long an answer may take, in milliseconds, unless the caller says otherwise. */
const REQUEST_TIMEOUT = 30_000;

export interface PeerOptions {
  /**
   * Answers a request of the other end. A thrown PortrampError is sent as it is, anything else as INTERNAL. `signal`
   * aborts when nobody waits for the answer any more.
   */
  readonly serve?: (request: string, params: unknown, signal: AbortSignal) => Promise<unknown>;
  readonly onNotice?: (notice: string, params: unknown) => void;
  /** Called for every line that came in. */
  readonly onActivity?: () => void;
  /** Called once, when the other end has gone or the connection was closed; `reason` if something was wrong. */
  readonly onClose?: (reason: string | undefined) => void;
  /** The error that pending requests are rejected with at the end of the connection. */
  readonly lostError?: () => PortrampError;
  readonly clock?: Clock;
  /** Shared by connections of strangers: what all of them may have sent of lines that are not whole. */
  readonly budget?: Budget;
  /** The longest line that the other end may send now (bytes); `MAX_LINE` unless given. */
  readonly maxLine?: () => number;
}

export interface RequestOptions {
  /** Milliseconds. */
  readonly timeout?: number;
  /** Makes the error that the request is rejected with when no answer came in time. */
  readonly lateError?: () => PortrampError;
  /** Gives the request up when it aborts. */
  readonly signal?: AbortSignal;
}

/** The notice that a request is given up: who has not begun with it leaves it. An older portramp ignores it. */
const WITHDRAW = 'withdraw';

export interface Peer {
  /** Rejects with the other end's error, or when it is late or lost. */
  request(name: string, params: unknown, options?: RequestOptions): Promise<unknown>;
  notify(name: string, params: unknown): void;
  /** Sends what is waiting, then closes. */
  close(): void;
  /** Closes at once. */
  destroy(reason?: string): void;
  readonly closed: boolean;
  /** Bytes that wait for the other end to read. */
  readonly unsent: number;
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Ends what watches over it. */
  readonly letGo: () => void;
}

export function createPeer(socket: Socket, options: PeerOptions = {}): Peer {
  const clock = options.clock ?? systemClock;
  const pending = new Map<number, Pending>();
  /** Requests of the other end that are worked on. */
  const serving = new Map<number, AbortController>();
  let lastId = 0;
  let served = 0;
  let closed = false;

  const finish = (reason?: string): void => {
    if (closed) return;
    closed = true;
    reader.drop();
    for (const { reject, letGo } of pending.values()) {
      letGo();
      reject(lostError(options, reason));
    }
    pending.clear();
    for (const controller of serving.values()) controller.abort();
    options.onClose?.(reason);
  };

  const destroy = (reason?: string): void => {
    finish(reason);
    socket.destroy();
  };

  const send = (message: object): void => {
    if (closed || socket.destroyed) return;
    // What was sent before counts, so that one large message is fine and a reader that stopped is not.
    if (socket.writableLength > MAX_UNSENT) destroy('it does not read what it is sent');
    else socket.write(`${JSON.stringify(message)}\n`);
  };

  const answer = async (id: number, name: string, params: unknown): Promise<void> => {
    served += 1;
    if (served > MAX_SERVED) return destroy('too many requests at once');
    const controller = new AbortController();
    serving.set(id, controller);
    try {
      // A process that stood still finds the request and its withdrawal, or the end, one behind the other in its
      // socket: what lies there is read before anything is done.
      await setImmediate();
      if (controller.signal.aborted) return;
      if (options.serve === undefined)
        throw new PortrampError('BAD_MESSAGE', `nobody answers "${name}" here`);
      send({ id, result: await options.serve(name, params, controller.signal) });
    } catch (error) {
      send({ id, error: encodeError(error) });
    } finally {
      served -= 1;
      if (serving.get(id) === controller) serving.delete(id);
    }
  };

  const settle = (id: number, message: Envelope): void => {
    const request = pending.get(id);
    if (request === undefined) return;
    pending.delete(id);
    request.letGo();
    if (message.error === undefined) request.resolve(message.result);
    else request.reject(decodeError(message.error));
  };

  const receive = (line: string): void => {
    if (closed) return;
    const message = parseEnvelope(line);
    if (message === undefined) {
      // After a broken line nothing that follows can be trusted.
      send({
        id: null,
        error: encodeError(new PortrampError('BAD_MESSAGE', 'this line is not a JSON object')),
      });
      close('it sent a line that is not a JSON object');
      return;
    }
    options.onActivity?.();
    const { id, request, notice } = message;
    if (typeof request === 'string' && typeof id === 'number') void answer(id, request, message.params);
    else if (notice === WITHDRAW) serving.get(withdrawnId(message.params))?.abort();
    else if (typeof notice === 'string') options.onNotice?.(notice, message.params);
    else if (typeof id === 'number' && ('result' in message || 'error' in message)) settle(id, message);
    else if (!('error' in message)) {
      const error = new PortrampError(
        'BAD_MESSAGE',
        'this is neither a request, nor an answer, nor a notice',
      );
      send({ id: typeof id === 'number' ? id : null, error: encodeError(error) });
    }
  };

  const close = (reason?: string): void => {
    finish(reason);
    // An other end that neither reads nor closes keeps nobody alive.
    socket.end().unref();
  };

  socket.setNoDelay(true);
  const holding = options.budget?.open(() => destroy('all connections together have sent too much'));
  const reader = createLineReader({
    maxLine: options.maxLine ?? (() => MAX_LINE),
    onLine: receive,
    onOverflow: () => destroy('its line is too long'),
    onHeld: (bytes) => holding?.set(bytes),
  });
  socket.on('data', (chunk: Buffer) => {
    if (!closed) reader.push(chunk);
  });
  socket.on('error', (error) => destroy(messageOf(error)));
  socket.on('end', () => destroy());
  socket.on('close', () => finish());

  return {
    request: (name, params, { timeout = REQUEST_TIMEOUT, lateError, signal } = {}) =>
      new Promise((resolve, reject) => {
        if (closed) {
          reject(lostError(options, undefined));
          return;
        }
        const id = (lastId += 1);
        const giveUp = (error: PortrampError): void => {
          if (!pending.delete(id)) return;
          letGo();
          send({ notice: WITHDRAW, params: { id } });
          reject(error);
        };
        const cancelTimer = clock.after(timeout, () =>
          giveUp(
            lateError?.() ??
              new PortrampError('TIMEOUT', `no answer to "${name}" within ${timeout / 1000} s`),
          ),
        );
        const onAbort = (): void => giveUp(new PortrampError('TIMEOUT', `"${name}" was given up`));
        const letGo = (): void => {
          cancelTimer();
          signal?.removeEventListener('abort', onAbort);
        };
        pending.set(id, { resolve, reject, letGo });
        send({ id, request: name, params });
        if (signal?.aborted === true) onAbort();
        else signal?.addEventListener('abort', onAbort);
      }),
    notify: (name, params) => send({ notice: name, params }),
    close: () => close(),
    destroy,
    get closed() {
      return closed;
    },
    get unsent() {
      return socket.writableLength;
    },
  };
}

interface Envelope {
  readonly id?: unknown;
  readonly request?: unknown;
  readonly notice?: unknown;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

const withdrawnId = (params: unknown): number =>
  typeof params === 'object' && params !== null && 'id' in params ? Number(params.id) : NaN;

function parseEnvelope(line: string): Envelope | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function lostError(options: PeerOptions, reason: string | undefined): PortrampError {
  const detail = reason === undefined ? '' : `: ${reason}`;
  return (
    options.lostError?.() ?? new PortrampError('DAEMON_UNREACHABLE', `the connection was closed${detail}`)
  );
}

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export function encodeError(thrown: unknown): WireError {
  const error = describeSystemError(thrown) ?? thrown;
  if (error instanceof PortrampError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    };
  }
  return { code: 'INTERNAL', message: messageOf(error) };
}

/** A code that only a newer portramp knows becomes INTERNAL; its message stays. */
export function decodeError(value: unknown): PortrampError {
  const { code, message, hint } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Partial<WireError>;
  const known =
    typeof code === 'string' && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'INTERNAL';
  return new PortrampError(known, typeof message === 'string' ? message : 'an error without a message', {
    hint: typeof hint === 'string' ? hint : undefined,
  });
}
