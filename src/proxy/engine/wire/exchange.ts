/**
 * One request and its response. The request's body goes up while the response may already come down; either
 * side can be slow, fail or leave.
 *
 *     start ─▶ deciding ─▶ reply
 *                 └─▶ waiting for a connection ─▶ forwarding ─▶ answered ─▶ over
 *                             ▲       │ unreachable    │ lost      └ 101 ─▶ tunnel
 *                             └ once ─┼────────────────┘
 *                                     └─▶ the decision's onUnreachable
 */
import type { Socket } from 'node:net';

import type { Waiter } from '../../pool.ts';
import type { Upstream, UpstreamUser } from '../../pool-upstream.ts';
import type { Decision, Reply } from '../engine.ts';
import { BAD, type BodyReader } from './body-reader.ts';
import { createBodyReader } from './body.ts';
import type { Client, ClientUser } from './client.ts';
import { forwardRequest } from './forward-head.ts';
import { returnReader, type HeadReader } from './head-reader.ts';
import { MAX_HELD } from './limits.ts';
import { problem } from './problem.ts';
import { Relay, type RelayOwner } from './relay.ts';
import { formatReply } from './reply.ts';
import { WireRequestHead, type Request } from './request.ts';
import type { Response } from './response.ts';
import { isFull, splice } from './splice.ts';
import { Tunnel } from './tunnel.ts';

type Forward = Extract<Decision, { action: 'forward' }>;

/** RFC 9110 §9.2.2: a second time does no more than the first. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

const INTERNAL_ERROR: Reply = {
  status: 500,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  body: 'portramp: this request met a bug in portramp\n',
};

const again = async (forward: Forward, error: Error): Promise<Decision> =>
  (await forward.again?.(error)) ?? { action: 'reply', reply: forward.onUnreachable(error) };

/** A decision that came too late to be carried out. */
function endOf(decision: Decision): void {
  if (decision.action === 'forward') decision.onEnd?.();
}

export class Exchange implements ClientUser, UpstreamUser, RelayOwner, Waiter {
  readonly sink: Socket;
  readonly #client: Client;
  readonly #request: Request;
  readonly #body: BodyReader;
  #reader: HeadReader | undefined;
  #forward: Forward | undefined;
  /** Whose end was told. */
  #told: Forward | undefined;
  /** The head that is sent to the target. */
  #head = '';
  /** What came before there was somebody to send it to, a character per byte: of the body, or behind a handshake. */
  #early: string[] = [];
  #earlyLength = 0;
  #upstream: Upstream | undefined;
  #relay: Relay;
  /** The final head of the response has gone to the client. */
  #answered = false;
  #retried = false;
  #onDone: Forward['onDone'];
  #reported = false;
  /** What the client had been sent before this exchange; kept only where somebody wants to know. */
  #sentBefore = 0;
  #over = false;
  /** Who has to catch up before the other is read again. */
  #clientIsFull = false;
  #upstreamIsFull = false;
  #patience: 'none' | 'stall' | 'body' | 'answer' | 'halfClosed' = 'none';

  constructor(client: Client, request: Request, reader: HeadReader) {
    this.#client = client;
    this.sink = client.socket;
    this.#request = request;
    this.#reader = reader;
    this.#body = createBodyReader(request.framing);
    this.#relay = new Relay(this, client.socket, request);
  }

  /** Takes what of the body came with the head, then decides. @returns where the request ends in the piece */
  start(piece: Buffer, from: number): number {
    const end = this.onClientBytes(piece, from);
    if (this.#over) return end;
    try {
      const head = new WireRequestHead(this.#request, this.#client.remoteAddress);
      const decision = this.#client.context.handler(head, this.#client.signal);
      if (decision instanceof Promise) this.#awaitDecision(decision);
      else this.#carryOut(decision);
    } catch {
      this.#reply(INTERNAL_ERROR);
    }
    return end;
  }

  #awaitDecision(decision: Promise<Decision>): void {
    this.#client.deadline.clear();
    decision.then(
      (decided) => {
        this.#client.renewSignal();
        if (this.#over) return endOf(decided);
        try {
          this.#carryOut(decided);
        } catch {
          this.#reply(INTERNAL_ERROR);
        }
      },
      () => {
        this.#client.renewSignal();
        if (!this.#over) this.#reply(INTERNAL_ERROR);
      },
    );
  }

  #carryOut(decision: Decision): void {
    if (decision.action === 'reply') return this.#reply(decision.reply);
    const { target, headers, path, until, onDone } = decision;
    const { pool } = this.#client.context;
    // Whoever asked first is told, also where the request is made again.
    if (onDone !== undefined && this.#onDone === undefined) {
      this.#onDone = onDone;
      this.#sentBefore = this.sink.bytesWritten;
    }
    this.#forward = decision;
    until?.addEventListener('abort', this.#cut);
    // Not when it is made again: then only the target is another one.
    if (this.#reader !== undefined) {
      const authority = `${target.host}:${target.port}`;
      this.#head = forwardRequest(this.#reader, this.#request, headers, authority, path);
      this.#returnReader();
    }
    const upstream = pool.take(target);
    if (upstream !== undefined) return this.onUpstream(upstream);
    pool.wait(target, this);
    this.#wait();
  }

  onUpstream(upstream: Upstream): void {
    this.#upstream = upstream;
    upstream.user = this;
    if (this.#early.length === 0 || this.#request.upgrade) {
      upstream.socket.write(this.#head, 'latin1');
    } else {
      upstream.socket.write(this.#head + this.#early.join(''), 'latin1');
      this.#early = [];
    }
    this.#upstreamIsFull = isFull(upstream.socket);
    if (!this.#body.done && !this.#upstreamIsFull) this.sink.resume();
    this.#wait();
  }

  onFailure(error: Error): void {
    this.#askAgain(error);
  }

  /** Nothing of the request was sent, or it does no harm a second time. */
  #askAgain(error: Error): void {
    const forward = this.#forward;
    if (forward?.again === undefined) return this.#replyUnreachable(error);
    this.#endForward();
    this.#awaitDecision(again(forward, error));
  }

  /** The time that the target has for it is over. */
  readonly #cut = (): void => {
    this.#abandon();
    this.#client.destroy();
  };

  /** Tells once that nothing more goes to or comes from the target; a tunnel tells it itself. */
  #endForward(): void {
    const forward = this.#forward;
    if (forward === undefined || this.#told === forward) return;
    this.#told = forward;
    forward.until?.removeEventListener('abort', this.#cut);
    forward.onEnd?.();
  }

  // ── the request's body, from the client ────────────────────────────────────────────────────────────────

  onClientBytes(piece: Buffer, from: number): number {
    if (this.#request.upgrade) return this.#keepEarly(piece, from);
    const body = this.#body;
    if (body.done) return from;
    const end = body.read(piece, from, piece.length);
    if (end === BAD) {
      this.#failRequest('the chunked coding of the request is malformed');
      return piece.length;
    }
    this.#sendBody(piece, from, body.passable, body.done ? body.tail : '');
    return end;
  }

  #sendBody(piece: Buffer, from: number, to: number, tail: string): void {
    const upstream = this.#upstream;
    if (upstream === undefined) {
      const early = piece.toString('latin1', from, to) + tail;
      this.#early.push(early);
      this.#earlyLength += early.length;
      if (this.#earlyLength >= MAX_HELD) this.sink.pause();
      return;
    }
    splice(upstream.socket, '', piece, from, to, tail, true);
    if (!this.#upstreamIsFull && isFull(upstream.socket)) {
      this.#upstreamIsFull = true;
      this.sink.pause();
    }
    this.#wait();
  }

  /**
   * What a client sends behind its handshake is of the new protocol or of none: it is never read as a request,
   * since the connection ends if the handshake is refused.
   */
  #keepEarly(piece: Buffer, from: number): number {
    if (from === piece.length) return from;
    this.#early.push(piece.toString('latin1', from));
    this.#earlyLength += piece.length - from;
    if (this.#earlyLength > MAX_HELD) this.#client.destroy();
    return piece.length;
  }

  /** What follows a body that breaks the rules cannot be trusted, and the target must not take it for whole. */
  #failRequest(reason: string): void {
    const answered = this.#answered;
    if (!answered) this.#report(400, false, 0);
    this.#abandon();
    if (answered) this.#client.destroy();
    else this.#client.refuse(problem(400, reason));
  }

  onDrain(): void {
    if (!this.#upstreamIsFull) return;
    this.#upstreamIsFull = false;
    this.sink.resume();
    this.#wait();
  }

  onClientEnd(): void {
    if (!this.#body.done) return this.#failRequest('the body was cut off');
    if (this.#forward !== undefined) return this.#wait();
    // Nothing has been done for it yet, so nothing is lost if it still reads.
    this.#abandon();
    this.#client.close();
    this.#client.abortDecision();
  }

  onClientClose(): void {
    this.#abandon();
  }

  // ── the response, from the target ──────────────────────────────────────────────────────────────────────

  onBytes(piece: Buffer, length: number, lent: boolean): void {
    this.#relay.read(piece, length, lent);
    if (this.#over) return;
    if (!this.#clientIsFull && isFull(this.sink)) {
      this.#clientIsFull = true;
      this.#upstream?.socket.pause();
    }
    this.#wait();
  }

  onClientDrain(): void {
    if (!this.#clientIsFull) return;
    this.#clientIsFull = false;
    this.#upstream?.socket.resume();
    this.#wait();
  }

  closesAfter(response: Response): boolean {
    return this.#isLast() || response.framing.kind === 'close';
  }

  /** The connection ends with this request, whatever the response. */
  #isLast(): boolean {
    const { minor, connection, upgrade } = this.#request;
    return minor === 0 || connection.close || upgrade || this.#client.context.closing;
  }

  onAnswer(): void {
    this.#answered = true;
  }

  onComplete(response: Response, excess: boolean): void {
    const upstream = this.#upstream as Upstream;
    // After an early response it is not known what the target makes of the rest of the body.
    const clean = this.#body.done && upstream.socket.writableLength === 0 && !excess;
    const { pool } = this.#client.context;
    this.#over = true;
    this.#report(response.status, true);
    this.#upstream = undefined;
    upstream.user = undefined;
    this.#endForward();
    if (this.#clientIsFull) upstream.socket.resume();
    if (clean && response.keepAlive) {
      pool.release((this.#forward as Forward).target, upstream, response.keepAliveFor);
    } else {
      upstream.destroy();
    }
    this.#client.finish(this.#body.done && !this.closesAfter(response));
  }

  onSwitch(head: string, rest: Buffer): void {
    const upstream = this.#upstream as Upstream;
    this.#over = true;
    this.#report(101, true, 0);
    this.#relay.dispose();
    this.sink.write(head, 'latin1');
    const forward = this.#forward as Forward;
    this.#told = forward;
    forward.until?.removeEventListener('abort', this.#cut);
    new Tunnel(this.#client, upstream, forward).begin(rest, this.#early.join(''));
    this.#early = [];
  }

  onBroken(reason: string): void {
    this.#lose(new Error(`the response cannot be used: ${reason}`), false);
  }

  onEnd(): void {
    if (this.#relay.endsWithConnection) return this.#completeAtEnd();
    this.#lose(new Error('the connection was closed before the response was complete'), true);
  }

  onClose(error: Error | undefined): void {
    this.#lose(error ?? new Error('the connection was closed'), true);
  }

  #completeAtEnd(): void {
    this.#over = true;
    this.#report(this.#relay.status, true);
    this.#endForward();
    this.#upstream?.destroy();
    this.#client.finish(false);
  }

  /** The target is gone, or of no use any more. */
  #lose(error: Error, mayRetry: boolean): void {
    if (this.#over) return;
    const { target } = this.#forward as Forward;
    const upstream = this.#upstream as Upstream;
    upstream.user = undefined;
    upstream.destroy();
    this.#upstream = undefined;
    if (mayRetry && this.#mayRetry(upstream)) {
      this.#retried = true;
      this.#client.context.pool.waitForFresh(target, this);
      this.#wait();
    } else if (mayRetry && !this.#answered && !this.#relay.begun && this.#isHarmless()) {
      this.#askAgain(error);
    } else if (!this.#answered) {
      this.#replyUnreachable(error);
    } else {
      this.#truncate();
    }
  }

  /**
   * RFC 9110 §9.2.2, RFC 9112 §9.3.1: the target closed an idle connection while the request was on its way, and
   * it can be sent again without harm.
   */
  #mayRetry(upstream: Upstream): boolean {
    return upstream.reused && !this.#relay.begun && !this.#retried && this.#isHarmless();
  }

  #isHarmless(): boolean {
    return this.#request.framing.kind === 'none' && IDEMPOTENT.has(this.#request.method);
  }

  /** The client must not take what it has for the whole (RFC 9112 §8). */
  #truncate(): void {
    this.#over = true;
    this.#report(this.#relay.status, false);
    this.#endForward();
    // Without a length or chunks, only a reset tells.
    if (this.#relay.endsWithConnection) this.#client.reset();
    else this.#client.finish(false);
  }

  // ── answers of our own, and the end ────────────────────────────────────────────────────────────────────

  #replyUnreachable(error: Error): void {
    let reply = INTERNAL_ERROR;
    try {
      reply = (this.#forward as Forward).onUnreachable(error);
    } catch {
      // The handler's bug is answered like its others.
    }
    this.#reply(reply);
  }

  #reply(reply: Reply): void {
    const { method } = this.#request;
    const closing = !this.#body.done || this.#isLast();
    let text: string;
    try {
      text = formatReply(reply, method === 'HEAD', closing);
    } catch {
      text = formatReply(INTERNAL_ERROR, method === 'HEAD', closing);
    }
    this.#report(reply.status, true, method === 'HEAD' ? 0 : Buffer.byteLength(reply.body));
    this.#abandon();
    this.sink.write(text, 'latin1');
    this.#client.finish(!closing);
  }

  /** Lets go of everything but the client. */
  #abandon(): void {
    const upstream = this.#upstream;
    this.#over = true;
    this.#report(this.#relay.status, false);
    this.#endForward();
    this.#upstream = undefined;
    this.#early = [];
    this.#returnReader();
    this.#relay.dispose();
    if (this.#forward !== undefined) this.#client.context.pool.cancel(this.#forward.target, this);
    if (upstream === undefined) return;
    upstream.user = undefined;
    upstream.destroy();
  }

  /** Tells whoever asked how it went: the first that is told counts. */
  #report(status: number | undefined, complete: boolean, bytes?: number): void {
    const onDone = this.#onDone;
    if (onDone === undefined || this.#reported) return;
    this.#reported = true;
    const sent = this.sink.bytesWritten - this.#sentBefore - this.#relay.headLength;
    onDone({ status, bytes: bytes ?? Math.max(0, sent), complete });
  }

  #returnReader(): void {
    if (this.#reader !== undefined) returnReader(this.#reader);
    this.#reader = undefined;
  }

  /** Sets the deadline for whatever has to happen next. */
  #wait(): void {
    const patience = this.#waitsFor();
    // Informational responses, and a head that drips in, do not buy time.
    if (patience === 'answer' && this.#patience === 'answer') return;
    this.#patience = patience;
    if (patience === 'none') this.#client.deadline.clear();
    else this.#client.deadline.set(this.#client.context.timeouts[patience]);
  }

  #waitsFor(): 'none' | 'stall' | 'body' | 'answer' | 'halfClosed' {
    if (this.#clientIsFull || this.#upstreamIsFull) return 'stall';
    if (this.#client.ended && this.#upstream !== undefined) return 'halfClosed';
    // A response may be silent as long as it likes: a stream of events.
    if (this.#answered) return 'none';
    return this.#body.done || this.#upstream === undefined ? 'answer' : 'body';
  }

  onDeadline(): void {
    switch (this.#patience) {
      case 'none':
        return;
      case 'body':
        this.#report(408, false, 0);
        this.#abandon();
        return this.#client.refuse(problem(408, 'the body did not come in time'));
      case 'answer': {
        const seconds = this.#client.context.timeouts.answer / 1_000;
        const error = new Error(`there was no response within ${seconds} s`);
        return this.#replyUnreachable(Object.assign(error, { code: 'ETIMEDOUT' }));
      }
      case 'stall':
      case 'halfClosed':
        return this.#client.destroy();
    }
  }
}
