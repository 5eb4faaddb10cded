/**
 * One request and its response. The body goes up while the response may already come down; either side can be slow,
 * fail or leave.
 *
 *     start ─▶ deciding ─▶ reply ─────────────────────────────────▶ over
 *               ▲ │                                                  ▲
 *               │ ▼                                                  │
 *            forwarding: waits for a connection ─▶ asks ─▶ answered ─┤
 *               (`attempt.ts`)  ▲                    │               └ 101 ─▶ tunnel
 *                               └── lost, once more ─┴─▶ the decision's onUnreachable ─▶ reply
 */
import type { Socket } from 'node:net';

import type { Waiter } from '../../pool-place.ts';
import type { Upstream, UpstreamUser } from '../../pool-upstream.ts';
import { UnusableResponseError, type Decision, type Reply, type Target } from '../engine.ts';
import { INTERNAL_ERROR } from '../refusal.ts';
import type { Attempt, Loss } from './attempt.ts';
import { BAD } from './body-reader.ts';
import type { Client, ClientUser } from './client.ts';
import { Course } from './course.ts';
import { forwardRequest } from './forward-head.ts';
import type { HeadReader } from './head-reader.ts';
import { Patience, answerTimeout } from './patience.ts';
import { problem, type Problem } from './problem.ts';
import { Relay, type RelayOwner } from './relay.ts';
import { formatOwn } from './reply.ts';
import { WireRequestHead } from './request-head.ts';
import { isRepeatable, type Request } from './request.ts';
import type { Response } from './response.ts';
import { borrow, giveBack } from './reuse.ts';
import { excuse, settle } from './settle.ts';
import { Tunnel } from './tunnel.ts';
import { Upload } from './upload.ts';

export class Exchange implements ClientUser, UpstreamUser, RelayOwner, Waiter {
  readonly sink: Socket;
  readonly #client: Client;
  readonly #request: Request;
  readonly #seen: WireRequestHead;
  readonly #upload: Upload;
  readonly #relay: Relay;
  readonly #patience: Patience;
  readonly #course: Course;
  /** The final response began before the whole request had come. */
  #early = false;
  /** The connection to the client ends with this response. */
  #closing = false;

  constructor(client: Client, request: Request, reader: HeadReader) {
    this.#client = client;
    this.sink = client.socket;
    this.#request = request;
    this.#seen = new WireRequestHead(request, client.remoteAddress, reader);
    this.#upload = new Upload(client, request);
    this.#relay = new Relay(this, client.socket, request);
    this.#course = new Course(this.#relay);
    this.#patience = new Patience(client, this.#upload, this.#relay);
  }

  /** Takes what of the body came, then decides. @returns where the request ends in the piece */
  start(piece: Buffer, from: number, to: number): number {
    const end = this.onClientBytes(piece, from, to);
    if (!this.#course.isOver) this.#ask(() => this.#client.context.handler(this.#seen, this.#client.signal));
    return end;
  }

  #ask(handler: () => Decision | Promise<Decision>): void {
    const takesTime = settle(handler, (decision) => {
      if (!this.#course.isOver) this.#carryOut(decision);
      else this.#course.refuseLate(decision);
    });
    if (!takesTime) return;
    this.#patience.rest();
    this.#client.spendSignal();
  }

  #carryOut(decision: Decision): void {
    if (decision.action === 'reply') return this.#reply(decision.reply);
    try {
      this.#begin(this.#course.begin(decision));
    } catch {
      // The handler has asked for what is no field, or for a target that is none.
      this.#reply(INTERNAL_ERROR);
    }
  }

  #begin(attempt: Attempt): void {
    const { target, headers, path, until } = attempt.forward;
    const { context } = this.#client;
    if (until !== undefined && !context.watch(until)) return this.#cutNow();
    attempt.head = forwardRequest(this.#seen.reader, this.#request, headers, target, path);
    this.#seen.release();
    this.#connect(target, !this.#course.isRepeated);
  }

  /** @param mayReuse whether a connection that was used before will do */
  #connect(target: Target, mayReuse: boolean): void {
    const repeatable = mayReuse && isRepeatable(this.#request);
    const upstream = mayReuse ? borrow(this.#client, target, repeatable) : undefined;
    if (upstream !== undefined) return this.onUpstream(upstream);
    this.#client.context.pool.wait(target, this, repeatable);
    this.#patience.update();
  }

  onUpstream(upstream: Upstream): void {
    upstream.user = this;
    this.#upload.begin(upstream, this.#course.attempt?.head ?? '');
    this.#patience.update();
  }

  onFailure(error: Error): void {
    this.#fail(error, { isHarmless: true, fate: 'unsent' });
  }

  onClientBytes(piece: Buffer, from: number, to: number): number {
    const end = this.#upload.read(piece, from, to);
    if (end === BAD) {
      this.#failRequest(problem(400, 'the chunked coding of the request is malformed'));
      return to;
    }
    if (this.#upload.upstream !== undefined) this.#patience.update();
    return end;
  }

  /** What follows a body that breaks the rules cannot be trusted, and the target must not take it for whole. */
  #failRequest(reason: Problem): void {
    const { answered } = this.#relay;
    if (!answered) this.#course.tell(reason.status, false, 0);
    this.#abandon();
    if (answered) this.#breakOff();
    else this.#client.refuse(reason);
  }

  onDrain(): void {
    if (this.#upload.drained()) this.#patience.update();
  }

  onClientEnd(): void {
    // One that was answered early may stop at that, and still reads.
    const isCutOff = !this.#upload.done && !this.#relay.answered;
    if (isCutOff) return this.#failRequest(problem(400, 'the body was cut off'));
    if (this.#course.target !== undefined) return this.#patience.update();
    // Held: how long that may take is the handler's matter.
    this.#client.watchPresence();
  }

  onClientClose(): void {
    this.#abandon();
  }

  onBytes(piece: Buffer, length: number): void {
    this.#relay.read(piece, length);
    if (this.#course.isOver) return;
    this.#relay.holdBack(this.#upload.upstream);
    this.#patience.update();
  }

  onClientDrain(): void {
    if (this.#relay.drained(this.#upload.upstream)) this.#patience.update();
  }

  closesAfter(response: Response): boolean {
    this.#course.tellDropped(response.dropped);
    this.#early = !this.#upload.done;
    this.#closing = this.#early || response.framing.kind === 'close' || this.#client.endsWith(this.#request);
    return this.#closing;
  }

  onComplete(response: Response, excess: boolean): void {
    const { target } = this.#course;
    const upstream = this.#upload.letGo();
    if (target === undefined || upstream === undefined) return;
    this.#relay.drained(upstream);
    const exchange = { request: this.#request, response, early: this.#early, excess, last: this.#closing };
    giveBack(this.#client, target, upstream, exchange);
    this.#course.end(response.status, true);
    this.#client.finish(!this.#closing, this.#upload.done);
  }

  onSwitch(head: string, rest: Buffer, protocol: string | undefined): void {
    if (!this.#upload.done)
      return this.onBroken('it switches protocols before it has the whole request', true);
    const behind = this.#upload.takeBehind();
    const upstream = this.#upload.letGo();
    const forward = this.#course.switch();
    this.#relay.dispose();
    if (forward === undefined || upstream === undefined) return;
    this.sink.write(head, 'latin1');
    new Tunnel(this.#client, upstream, protocol, forward).begin(rest, behind);
  }

  onBroken(reason: string, isHttp: boolean): void {
    const { upstream } = this.#upload;
    const { target } = this.#course;
    // Rather the rest of an answer to somebody else than one to this request.
    const isForeign = upstream?.reused === true && !this.#relay.passedOn;
    if (isForeign && target !== undefined) this.#client.context.pool.distrust(target);
    const words = `the response cannot be used: ${reason}`;
    this.#lose(isHttp ? new UnusableResponseError(words) : new Error(words), isForeign);
  }

  onEnd(): void {
    if (!this.#relay.endsWithConnection) {
      return this.onClose(new Error('the connection was closed before the response was complete'));
    }
    this.#upload.letGo()?.destroy();
    this.#course.end(this.#relay.status, true);
    this.#client.finish(false, this.#upload.done);
  }

  onClose(error: Error | undefined): void {
    this.#lose(error ?? new Error('the connection was closed'), !this.#relay.begun);
  }

  /** Lets go of a target that is of no use any more. @param mayRetry nothing came that belongs to this request */
  #lose(error: Error, mayRetry: boolean): void {
    const upstream = this.#upload.letGo();
    if (this.#course.isOver || upstream === undefined) return;
    upstream.destroy();
    if (!this.#relay.answered) {
      const isHarmless = mayRetry && isRepeatable(this.#request);
      return this.#fail(error, { isHarmless, fate: upstream.reused ? 'stale' : 'sent' });
    }
    // The client must not take what it has for the whole (RFC 9112 §8).
    this.#course.end(this.#relay.status, false);
    if (this.#relay.endsWithConnection) this.#breakOff();
    else this.#client.finish(false, this.#upload.done);
  }

  /** The target is of no use. */
  #fail(error: Error, loss: Loss): void {
    const next = this.#course.lose(loss);
    switch (next.kind) {
      case 'none':
        return;
      case 'retry':
        this.#relay.beginAnew();
        return this.#connect(next.target, false);
      case 'ask':
        this.#course.decideAnew();
        return this.#ask(() => next.again(error, loss.fate));
      case 'excuse':
        return this.#excuse(error);
    }
  }

  /** Answers as the handler says, when that is known. */
  #excuse(error: Error): void {
    this.#patience.rest();
    excuse(this.#course.attempt?.forward, error, (reply) => {
      // The answer that has come meanwhile counts.
      if (!this.#course.isOver && !this.#relay.answered) this.#reply(reply);
    });
  }

  #reply(reply: Reply): void {
    const toHead = this.#request.method === 'HEAD';
    const closing = !this.#upload.done || this.#client.endsWith(this.#request);
    this.#course.tell(reply.status, true, toHead ? 0 : Buffer.byteLength(reply.body));
    this.#abandon();
    this.sink.write(formatOwn(reply, toHead, closing), 'latin1');
    this.#client.finish(!closing, this.#upload.done);
  }

  cut(until: AbortSignal): void {
    if (this.#course.attempt?.forward.until === until) this.#cutNow();
  }

  #cutNow(): void {
    this.#abandon();
    this.#breakOff();
  }

  /** Ends the connection in the midst of a response: where that ends with it, only a reset tells. */
  #breakOff(): void {
    if (this.#relay.endsWithConnection) this.#client.reset();
    else this.#client.destroy();
  }

  /** Lets go of everything but the client. */
  #abandon(): void {
    this.#upload.letGo()?.destroy();
    this.#seen.release();
    this.#relay.dispose();
    const { target } = this.#course;
    if (target !== undefined) this.#client.context.pool.cancel(target, this);
    this.#course.end(this.#relay.status, false);
  }

  onDeadline(): void {
    switch (this.#patience.wait) {
      case 'none':
        return;
      case 'body':
        return this.#failRequest(problem(408, 'the body did not come in time'));
      case 'answer':
        return this.#excuse(answerTimeout(this.#client.context.timeouts));
      case 'stall':
      case 'halfClosed':
        return this.#cutNow();
    }
  }
}
