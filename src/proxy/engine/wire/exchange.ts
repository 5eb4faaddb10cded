/**
 * One request and its response. The request's body goes up while the response may already come down; either
 * side can be slow, fail or leave.
 *
 *     start ─▶ deciding ─▶ reply
 *               ▲ └─▶ waiting for a connection ─▶ forwarding ─▶ answered ─▶ over
 *               │             ▲       │ unreachable    │ lost      └ 101 ─▶ tunnel
 *               │             └ once ─┼────────────────┘
 *               └──────── again ──────┴─▶ the decision's onUnreachable
 */
import type { Socket } from 'node:net';

import type { Waiter } from '../../pool.ts';
import type { Upstream, UpstreamUser } from '../../pool-upstream.ts';
import type { Decision, Forward, Reply } from '../engine.ts';
import { BAD } from './body-reader.ts';
import type { Client, ClientUser } from './client.ts';
import { forwardRequest } from './forward-head.ts';
import type { HeadReader } from './head-reader.ts';
import { Patience, type Wait } from './patience.ts';
import { problem } from './problem.ts';
import { Relay, type RelayOwner } from './relay.ts';
import { formatOwn } from './reply.ts';
import { Report } from './report.ts';
import { WireRequestHead } from './request-head.ts';
import { isRepeatable, type Request } from './request.ts';
import type { Response } from './response.ts';
import { INTERNAL_ERROR, settle } from './settle.ts';
import { isFull } from './splice.ts';
import { Term, type Cuttable } from './term.ts';
import { Tunnel } from './tunnel.ts';
import { Upload } from './upload.ts';

export class Exchange implements ClientUser, UpstreamUser, RelayOwner, Waiter, Cuttable {
  readonly sink: Socket;
  readonly #client: Client;
  readonly #request: Request;
  readonly #upload: Upload;
  readonly #seen: WireRequestHead;
  #forward: Forward | undefined;
  /** Of the decision that is carried out. */
  #term: Term | undefined;
  /** The head that is sent to the target. */
  #head = '';
  #upstream: Upstream | undefined;
  #relay: Relay;
  /** The final head of the response has gone to the client. */
  #answered = false;
  #retried = false;
  #over = false;
  /** The client has to catch up before the target is read again. */
  #clientIsFull = false;
  readonly #patience: Patience;
  readonly #report: Report;

  constructor(client: Client, request: Request, reader: HeadReader) {
    this.#client = client;
    this.sink = client.socket;
    this.#request = request;
    this.#seen = new WireRequestHead(request, client.remoteAddress, reader);
    this.#upload = new Upload(client, request);
    this.#relay = new Relay(this, client.socket, request);
    this.#patience = new Patience(client);
    this.#report = new Report(client.socket, this.#relay);
  }

  /** Takes what of the body came with the head, then decides. @returns where the request ends in the piece */
  start(piece: Buffer, from: number): number {
    const end = this.onClientBytes(piece, from);
    if (this.#over) return end;
    this.#ask(() => this.#client.context.handler(this.#seen, this.#client.signal));
    return end;
  }

  #ask(handler: () => Decision | Promise<Decision>): void {
    const takesTime = settle(handler, (decision) => {
      if (!this.#over) return this.#carryOut(decision);
      // It was made for somebody who has left.
      if (decision.action === 'forward') decision.onEnd?.();
    });
    if (!takesTime) return;
    this.#patience.expect('none');
    this.#client.spendSignal();
  }

  #carryOut(decision: Decision): void {
    if (decision.action === 'reply') return this.#reply(decision.reply);
    try {
      this.#begin(decision);
    } catch {
      // The handler has asked for what is no field, or for a target that is none.
      this.#reply(INTERNAL_ERROR);
    }
  }

  #begin(decision: Forward): void {
    const { target, headers, path, onDone } = decision;
    const { pool } = this.#client.context;
    this.#report.promise(onDone);
    this.#term = new Term(decision, this);
    if (this.#term.isSpent) return this.cut();
    this.#head = forwardRequest(this.#seen.reader, this.#request, headers, target, path);
    this.#seen.release();
    this.#forward = decision;
    this.#retried = false;
    const upstream = pool.take(target);
    if (upstream !== undefined) return this.onUpstream(upstream);
    pool.wait(target, this);
    this.#wait();
  }

  onUpstream(upstream: Upstream): void {
    this.#upstream = upstream;
    upstream.user = this;
    this.#upload.begin(upstream, this.#head);
    this.#wait();
  }

  /** Nothing was sent. */
  onFailure(error: Error): void {
    this.#fail(error, true);
  }

  // ── the request's body, from the client ────────────────────────────────────────────────────────────────

  onClientBytes(piece: Buffer, from: number): number {
    const end = this.#upload.read(piece, from);
    if (end === BAD) {
      this.#failRequest('the chunked coding of the request is malformed');
      return piece.length;
    }
    if (this.#upstream !== undefined) this.#wait();
    return end;
  }

  /** What follows a body that breaks the rules cannot be trusted, and the target must not take it for whole. */
  #failRequest(reason: string): void {
    const answered = this.#answered;
    if (!answered) this.#report.tell(400, false, 0);
    this.#abandon();
    if (answered) this.#client.destroy();
    else this.#client.refuse(problem(400, reason));
  }

  onDrain(): void {
    if (this.#upload.drained()) this.#wait();
  }

  onClientEnd(): void {
    if (!this.#upload.done) return this.#failRequest('the body was cut off');
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
    const clean = this.#upload.done && upstream.socket.writableLength === 0 && !excess;
    const { pool } = this.#client.context;
    this.#over = true;
    this.#report.tell(response.status, true);
    this.#upstream = undefined;
    this.#upload.upstream = undefined;
    upstream.user = undefined;
    if (this.#clientIsFull) upstream.socket.resume();
    if (clean && response.keepAlive) {
      pool.release((this.#forward as Forward).target, upstream, response.keepAliveFor);
    } else {
      upstream.destroy();
    }
    this.#term?.end();
    this.#client.finish(this.#upload.done && !this.closesAfter(response));
  }

  onSwitch(head: string, rest: Buffer): void {
    const upstream = this.#upstream as Upstream;
    this.#over = true;
    this.#report.tell(101, true, 0);
    this.#relay.dispose();
    this.sink.write(head, 'latin1');
    new Tunnel(this.#client, upstream, this.#term as Term).begin(rest, this.#upload.takeEarly());
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
    this.#report.tell(this.#relay.status, true);
    this.#upstream?.destroy();
    this.#term?.end();
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
    this.#upload.upstream = undefined;
    // To the same target if that has closed an idle connection while the request was on its way (RFC 9112 §9.3.1),
    // else where the handler says.
    const isHarmless = mayRetry && !this.#relay.begun && isRepeatable(this.#request);
    if (isHarmless && upstream.reused && !this.#retried) {
      this.#retried = true;
      this.#client.context.pool.waitForFresh(target, this);
      this.#wait();
    } else if (!this.#answered) {
      this.#fail(error, isHarmless);
    } else {
      this.#truncate();
    }
  }

  /** The target is of no use. @param isHarmless the request can be made again */
  #fail(error: Error, isHarmless: boolean): void {
    const { again } = this.#forward as Forward;
    if (again === undefined || !isHarmless) return this.#replyUnreachable(error);
    this.#forward = undefined;
    this.#term?.end();
    this.#ask(() => again(error));
  }

  /** The client must not take what it has for the whole (RFC 9112 §8). */
  #truncate(): void {
    this.#over = true;
    this.#report.tell(this.#relay.status, false);
    this.#term?.end();
    // Without a length or chunks, only a reset tells.
    if (this.#relay.endsWithConnection) this.#client.reset();
    else this.#client.finish(false);
  }

  /** Its time is over, whoever is at work for it. */
  cut(): void {
    const isUnframed = this.#relay.endsWithConnection;
    this.#abandon();
    if (isUnframed) this.#client.reset();
    else this.#client.destroy();
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
    const closing = !this.#upload.done || this.#isLast();
    const text = formatOwn(reply, method === 'HEAD', closing);
    this.#report.tell(reply.status, true, method === 'HEAD' ? 0 : Buffer.byteLength(reply.body));
    this.#abandon();
    this.sink.write(text, 'latin1');
    this.#client.finish(!closing);
  }

  /** Lets go of everything but the client. */
  #abandon(): void {
    const upstream = this.#upstream;
    this.#over = true;
    this.#report.tell(this.#relay.status, false);
    this.#upstream = undefined;
    this.#upload.upstream = undefined;
    this.#upload.takeEarly();
    this.#seen.release();
    this.#relay.dispose();
    if (this.#forward !== undefined) this.#client.context.pool.cancel(this.#forward.target, this);
    if (upstream !== undefined) {
      upstream.user = undefined;
      upstream.destroy();
    }
    this.#term?.end();
  }

  /** Sets the deadline for whatever has to happen next. */
  #wait(): void {
    this.#patience.expect(this.#waitsFor());
  }

  #waitsFor(): Wait {
    if (this.#clientIsFull || this.#upload.full) return 'stall';
    if (this.#client.ended && this.#upstream !== undefined) return 'halfClosed';
    // A response may be silent as long as it likes: a stream of events.
    if (this.#answered) return 'none';
    return this.#upload.done || this.#upstream === undefined ? 'answer' : 'body';
  }

  onDeadline(): void {
    switch (this.#patience.wait) {
      case 'none':
        return;
      case 'body':
        this.#report.tell(408, false, 0);
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
