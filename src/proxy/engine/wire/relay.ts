/** The response's way: from the bytes of a target to the bytes that the client gets. */
import type { Socket } from 'node:net';

import type { Upstream } from '../../pool-upstream.ts';
import { MAX_INTERIM } from '../interim.ts';
import { BAD, type BodyReader } from './body-reader.ts';
import { createBodyReader } from './body.ts';
import { ChunkedBody } from './chunked.ts';
import { forwardResponse } from './forward-head.ts';
import { borrowReader, returnReader, type HeadReader } from './head-reader.ts';
import { isProblem } from './problem.ts';
import type { Request } from './request.ts';
import { readResponse, type Response } from './response.ts';
import { isFull, splice } from '../../splice.ts';

/** What comes of the bytes that were read. At most one of them is called per read. */
export interface RelayOwner {
  /** Whether the connection to the client ends with this response. */
  closesAfter(response: Response): boolean;
  /** The response was sent whole. `excess`: the target has sent more than that. */
  onComplete(response: Response, excess: boolean): void;
  /** 101: `head` is to be sent, and `rest` belongs to the new protocol. */
  onSwitch(head: string, rest: Buffer, protocol: string | undefined): void;
  /** The response breaks the rules. */
  /** @param isHttp whether its status line was read */
  onBroken(reason: string, isHttp: boolean): void;
}

export class Relay {
  readonly #owner: RelayOwner;
  readonly #sink: Socket;
  readonly #request: Request;
  #reader: HeadReader | undefined;
  #response: Response | undefined;
  #body: BodyReader | undefined;
  /** The client speaks HTTP/1.0: the chunked coding is taken off. */
  #unchunked = false;
  /** Up to here, the front of the piece that is read is what its chunks hold, without their coding. */
  #payloadEnd = 0;
  /** Responses before the final one. */
  #interim = 0;

  constructor(owner: RelayOwner, sink: Socket, request: Request) {
    this.#owner = owner;
    this.#sink = sink;
    this.#request = request;
  }

  /** A byte of a response has come. */
  begun = false;

  /** The final head has gone to the client. */
  answered = false;

  /** The client has to catch up before the target is read again. */
  full = false;

  /** Of the final response. */
  get status(): number | undefined {
    return this.#response?.status;
  }

  /** Bytes of the body that were sent to the client. */
  get payload(): number {
    return this.#body?.payload ?? 0;
  }

  /** The end of the connection is the end of the response. */
  get endsWithConnection(): boolean {
    return this.#response?.framing.kind === 'close';
  }

  /** Stops reading, if the client has to catch up. */
  holdBack(upstream: Upstream | undefined): void {
    if (this.full || !isFull(this.#sink)) return;
    this.full = true;
    upstream?.socket.pause();
  }

  /** @returns whether anybody waited for that */
  drained(upstream: Upstream | undefined): boolean {
    if (!this.full) return false;
    this.full = false;
    upstream?.socket.resume();
    return true;
  }

  /** Something of a response has gone to the client, or could have. */
  get passedOn(): boolean {
    return this.answered || this.#interim > 0;
  }

  /** Forgets what has come: it was not meant for this request. */
  beginAnew(): void {
    this.dispose();
    this.begun = false;
  }

  /** Gives back what it borrowed. */
  dispose(): void {
    if (this.#reader !== undefined) returnReader(this.#reader);
    this.#reader = undefined;
  }

  read(piece: Buffer, length: number): void {
    this.begun = true;
    if (this.#body !== undefined) return this.#passBody('', piece, 0, length);
    let at = 0;
    for (;;) {
      const reader = (this.#reader ??= borrowReader('response'));
      const outcome = reader.push(piece, at, length);
      if (outcome === 'more') return;
      if (outcome === 'bad') return this.#owner.onBroken(reader.problem?.reason ?? '', reader.status > 0);
      at = reader.next;
      const response = readResponse(reader, this.#request);
      if (isProblem(response)) return this.#owner.onBroken(response.reason, true);
      if (response.status >= 200) return this.#answer(reader, response, piece, at, length);
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM)
        return this.#owner.onBroken('it goes on with 1xx responses without end', true);
      const head = forwardResponse(reader, response, false, false);
      if (response.status === 101) {
        return this.#owner.onSwitch(head, Buffer.from(piece.subarray(at, length)), response.upgrade);
      }
      // RFC 9110 §15.2: all others are passed on, but HTTP/1.0 does not know them.
      if (this.#request.minor === 1) this.#sink.write(head, 'latin1');
      reader.expect('response');
      if (at === length) return;
    }
  }

  #answer(reader: HeadReader, response: Response, piece: Buffer, at: number, length: number): void {
    const closing = this.#owner.closesAfter(response);
    this.#response = response;
    this.#unchunked = response.framing.kind === 'chunked' && this.#request.minor === 0;
    const head = forwardResponse(reader, response, closing, this.#unchunked);
    this.dispose();
    if (!this.#unchunked) {
      this.#body = createBodyReader(response.framing, true);
      this.#passBody(head, piece, at, length);
    } else {
      const onPayload = (bytes: Buffer, from: number, to: number): void => {
        moveDown(bytes, this.#payloadEnd, from, to);
        this.#payloadEnd += to - from;
      };
      this.#body = new ChunkedBody({ lenient: true, onPayload });
      this.answered = true;
      this.#sink.write(head, 'latin1');
      this.#passBody('', piece, at, length);
    }
  }

  #passBody(head: string, piece: Buffer, from: number, length: number): void {
    const body = this.#body as BodyReader;
    this.#payloadEnd = from;
    const end = body.read(piece, from, length);
    if (end === BAD) return this.#owner.onBroken('the chunked coding of its response is malformed', true);
    if (head !== '') this.answered = true;
    // One write for all chunks of a read, however small they are.
    if (this.#unchunked) splice(this.#sink, '', piece, from, this.#payloadEnd, '');
    else splice(this.#sink, head, piece, from, body.passable, body.done ? body.tail : '');
    if (body.done) this.#owner.onComplete(this.#response as Response, end < length);
  }
}

/** Up to so many bytes, a call of the runtime costs more than moving them one by one. */
const FEW = 32;

/** Moves `bytes[from, to)` to where `at` is, at or before `from`. */
function moveDown(bytes: Buffer, at: number, from: number, to: number): void {
  if (to - from > FEW) bytes.copyWithin(at, from, to);
  else for (let index = from; index < to; index += 1) bytes[at + index - from] = bytes[index] as number;
}
