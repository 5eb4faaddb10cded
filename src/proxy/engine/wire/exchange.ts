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

import type { Waiter } from '../../pool-place.ts';
import type { Upstream, UpstreamUser } from '../../pool-upstream.ts';
import type { Decision, Forward, Reply } from '../engine.ts';
import { INTERNAL_ERROR } from '../refusal.ts';
import { BAD } from './body-reader.ts';
import type { Client, ClientUser } from './client.ts';
import { forwardRequest } from './forward-head.ts';
import type { HeadReader } from './head-reader.ts';
import { Patience, answerTimeout } from './patience.ts';
import { problem } from './problem.ts';
import { Relay, type RelayOwner } from './relay.ts';
import { formatOwn } from './reply.ts';
import { Report } from './report.ts';
import { WireRequestHead } from './request-head.ts';
import { isRepeatable, type Request } from './request.ts';
import type { Response } from './response.ts';
import { giveBack } from './reuse.ts';
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
  /** Where somebody asks how it goes. */
  #report: Report | undefined;
  /** The decision that is carried out; gone when its maker was told that it is over. */
  #forward: Forward | undefined;
  /** The head that is sent to the target. */
  #head = '';
  #retried = false;
  /** The final response began before the whole request had come. */
  #early = false;
  /** The connection to the client ends with this response. */
  #closing = false;
  #over = false;

  constructor(client: Client, request: Request, reader: HeadReader) {
    this.#client = client;
    this.sink = client.socket;
    this.#request = request;
    this.#seen = new WireRequestHead(request, client.remoteAddress, reader);
    this.#upload = new Upload(client, request);
    this.#relay = new Relay(this, client.socket, request);
    this.#patience = new Patience(client, this.#upload, this.#relay);
  }

  /** Takes what of the body came with the head, then decides. @returns where the request ends in the piece */
  start(piece: Buffer, from: number, to: number): number {
    const end = this.onClientBytes(piece, from, to);
    if (!this.#over) this.#ask(() => this.#client.context.handler(this.#seen, this.#client.signal));
    return end;
  }

  #ask(handler: () => Decision | Promise<Decision>): void {
    const takesTime = settle(handler, (decision) => {
      if (!this.#over) this.#carryOut(decision);
      // It was made for somebody who has left.
      else if (decision.action === 'forward') decision.onEnd?.();
    });
    if (!takesTime) return;
    this.#patience.rest();
    this.#client.spendSignal();
  }

  #carryOut(decision: Decision): void {
    if (decision.action === 'reply') return this.#reply(decision.reply);
    this.#forward = decision;
    try {
      this.#begin(decision);
    } catch {
      // The handler has asked for what is no field, or for a target that is none.
      this.#reply(INTERNAL_ERROR);
    }
  }

  #begin({ target, headers, path, until, onDone }: Forward): void {
    const { context } = this.#client;
    if (onDone !== undefined) this.#report ??= new Report(onDone, this.#relay);
    if (until !== undefined && !context.watch(until)) return this.#cutNow();
    this.#head = forwardRequest(this.#seen.reader, this.#request, headers, target, path);
    this.#seen.release();
    this.#retried = false;
    const repeatable = isRepeatable(this.#request);
    const upstream = context.pool.take(target, repeatable);
    if (upstream !== undefined) return this.onUpstream(upstream);
    context.pool.wait(target, this, repeatable);
    this.#patience.update();
  }

  onUpstream(upstream: Upstream): void {
    upstream.user = this;
    this.#upload.begin(upstream, this.#head);
    this.#patience.update();
  }

  /** Nothing was sent. */
  onFailure(error: Error): void {
    this.#fail(error, true);
  }

  onClientBytes(piece: Buffer, from: number, to: number): number {
    const end = this.#upload.read(piece, from, to);
    if (end === BAD) {
      this.#failRequest('the chunked coding of the request is malformed');
      return to;
    }
    if (this.#upload.upstream !== undefined) this.#patience.update();
    return end;
  }

  /** What follows a body that breaks the rules cannot be trusted, and the target must not take it for whole. */
  #failRequest(reason: string): void {
    const { answered } = this.#relay;
    if (!answered) this.#report?.tell(400, false, 0);
    this.#abandon();
    if (answered) this.#client.destroy();
    else this.#client.refuse(problem(400, reason));
  }

  onDrain(): void {
    if (this.#upload.drained()) this.#patience.update();
  }

  onClientEnd(): void {
    if (!this.#upload.done) return this.#failRequest('the body was cut off');
    if (this.#forward !== undefined) return this.#patience.update();
    // Nothing has been done for it yet, so nothing is lost if it still reads.
    this.#abandon();
    this.#client.close();
    this.#client.abortDecision();
  }

  onClientClose(): void {
    this.#abandon();
  }

  onBytes(piece: Buffer, length: number): void {
    this.#relay.read(piece, length);
    if (this.#over) return;
    this.#relay.holdBack(this.#upload.upstream);
    this.#patience.update();
  }

  onClientDrain(): void {
    if (this.#relay.drained(this.#upload.upstream)) this.#patience.update();
  }

  closesAfter(response: Response): boolean {
    this.#early = !this.#upload.done;
    this.#closing = this.#early || response.framing.kind === 'close' || this.#client.endsWith(this.#request);
    return this.#closing;
  }

  onComplete(response: Response, excess: boolean): void {
    const { target } = this.#forward as Forward;
    const upstream = this.#upload.letGo() as Upstream;
    this.#relay.drained(upstream);
    const exchange = { request: this.#request, response, early: this.#early, excess };
    giveBack(this.#client.context.pool, target, upstream, exchange);
    this.#end(response.status, true);
    this.#client.finish(!this.#closing, this.#upload.done);
  }

  onSwitch(head: string, rest: Buffer): void {
    if (!this.#upload.done) return this.onBroken('it switches protocols before it has the whole request');
    const { until, onEnd } = this.#forward as Forward;
    const behind = this.#upload.takeBehind();
    const upstream = this.#upload.letGo() as Upstream;
    this.#over = true;
    this.#forward = undefined;
    this.#report?.tell(101, true, 0);
    this.#relay.dispose();
    this.sink.write(head, 'latin1');
    new Tunnel(this.#client, upstream, this.#request.upgrade, { until, onEnd }).begin(rest, behind);
  }

  onBroken(reason: string): void {
    const { upstream } = this.#upload;
    // Rather the rest of an answer to somebody else than one to this request.
    const isForeign = upstream?.reused === true && !this.#relay.passedOn;
    if (isForeign) this.#client.context.pool.distrust((this.#forward as Forward).target);
    this.#lose(new Error(`the response cannot be used: ${reason}`), isForeign);
  }

  onEnd(): void {
    if (!this.#relay.endsWithConnection) {
      return this.#lose(
        new Error('the connection was closed before the response was complete'),
        !this.#relay.begun,
      );
    }
    this.#upload.letGo()?.destroy();
    this.#end(this.#relay.status, true);
    this.#client.finish(false, this.#upload.done);
  }

  onClose(error: Error | undefined): void {
    this.#lose(error ?? new Error('the connection was closed'), !this.#relay.begun);
  }

  /** The target is gone, or of no use any more. @param mayRetry nothing came that belongs to this request */
  #lose(error: Error, mayRetry: boolean): void {
    const upstream = this.#upload.letGo();
    if (this.#over || upstream === undefined) return;
    upstream.destroy();
    if (this.#relay.answered) return this.#truncate();
    // To the same target if that has closed an idle connection while the request was on its way (RFC 9112 §9.3.1),
    // else where the handler says.
    const isHarmless = mayRetry && isRepeatable(this.#request);
    if (!isHarmless || !upstream.reused || this.#retried) return this.#fail(error, isHarmless);
    this.#retried = true;
    this.#relay.beginAnew();
    this.#client.context.pool.wait((this.#forward as Forward).target, this, false);
    this.#patience.update();
  }

  /** The target is of no use. @param isHarmless the request can be made again */
  #fail(error: Error, isHarmless: boolean): void {
    const forward = this.#forward as Forward;
    const { again } = forward;
    if (again === undefined || !isHarmless) return this.#excuse(error);
    this.#forward = undefined;
    forward.onEnd?.();
    this.#ask(() => again(error));
  }

  /** The client must not take what it has for the whole (RFC 9112 §8). */
  #truncate(): void {
    this.#end(this.#relay.status, false);
    // Without a length or chunks, only a reset tells.
    if (this.#relay.endsWithConnection) this.#client.reset();
    else this.#client.finish(false, this.#upload.done);
  }

  /** Answers as the handler says. The client may leave, and its time run out, before that is known. */
  #excuse(error: Error): void {
    this.#patience.rest();
    excuse(this.#forward, error, (reply) => {
      if (!this.#over) this.#reply(reply);
    });
  }

  #reply(reply: Reply): void {
    const toHead = this.#request.method === 'HEAD';
    const closing = !this.#upload.done || this.#client.endsWith(this.#request);
    const text = formatOwn(reply, toHead, closing);
    this.#report?.tell(reply.status, true, toHead ? 0 : Buffer.byteLength(reply.body));
    this.#abandon();
    this.sink.write(text, 'latin1');
    this.#client.finish(!closing, this.#upload.done);
  }

  /** Its time is over, whoever is at work for it. */
  cut(until: AbortSignal): void {
    if (this.#forward?.until === until) this.#cutNow();
  }

  #cutNow(): void {
    const isUnframed = this.#relay.endsWithConnection;
    this.#abandon();
    if (isUnframed) this.#client.reset();
    else this.#client.destroy();
  }

  /** Lets go of everything but the client. */
  #abandon(): void {
    this.#upload.letGo()?.destroy();
    this.#seen.release();
    this.#relay.dispose();
    if (this.#forward !== undefined) this.#client.context.pool.cancel(this.#forward.target, this);
    this.#end(this.#relay.status, false);
  }

  /** Tells whoever wants to know; only what is told first counts. */
  #end(status: number | undefined, complete: boolean): void {
    const forward = this.#forward;
    this.#over = true;
    this.#forward = undefined;
    this.#report?.tell(status, complete);
    forward?.onEnd?.();
  }

  onDeadline(): void {
    switch (this.#patience.wait) {
      case 'none':
        return;
      case 'body':
        this.#report?.tell(408, false, 0);
        this.#abandon();
        return this.#client.refuse(problem(408, 'the body did not come in time'));
      case 'answer':
        return this.#excuse(answerTimeout(this.#client.context.timeouts));
      case 'stall':
      case 'halfClosed':
        return this.#client.destroy();
    }
  }
}
