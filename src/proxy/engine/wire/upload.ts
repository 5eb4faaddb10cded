/** The request's way: from the bytes of the client to the target, held until there is somebody to send them to. */
import type { Upstream } from '../../pool-upstream.ts';
import { BAD, type BodyReader } from './body-reader.ts';
import { createBodyReader } from './body.ts';
import type { Client } from './client.ts';
import { MAX_HELD } from './limits.ts';
import type { Request } from './request.ts';
import { isFull, splice } from '../../splice.ts';

export class Upload {
  readonly #client: Client;
  readonly #request: Request;
  readonly #body: BodyReader;
  /** What came before there was a target, a character per byte: of the body, or behind a handshake. */
  #early = '';
  /** Where it goes; undefined before, and when it goes nowhere any more. */
  upstream: Upstream | undefined;
  /** The target has to catch up before the client is read again. */
  full = false;
  /** The client is not read: the target is full, or there is none yet and enough is kept for it. */
  #paused = false;

  constructor(client: Client, request: Request) {
    this.#client = client;
    this.#request = request;
    this.#body = createBodyReader(request.framing);
  }

  /** The whole body has come. */
  get done(): boolean {
    return this.#body.done;
  }

  /** Reads `piece[from, to)`. @returns where the request ends in it, or BAD */
  read(piece: Buffer, from: number, to: number): number {
    if (this.#request.upgrade) return this.#keepBehindHandshake(piece, from, to);
    const body = this.#body;
    if (body.done) return from;
    const end = body.read(piece, from, to);
    if (end !== BAD) this.#send(piece, from, body.passable, body.done ? body.tail : '');
    return end;
  }

  /** Sends the head, and of the body what there is. */
  begin(upstream: Upstream, head: string): void {
    this.upstream = upstream;
    const early = this.#request.upgrade ? '' : this.takeEarly();
    upstream.socket.write(head + early, 'latin1');
    this.full = isFull(upstream.socket);
    if (this.full) this.#pause();
    else this.#resume();
  }

  /** @returns whether anybody waited for that */
  drained(): boolean {
    if (!this.full) return false;
    this.full = false;
    this.#resume();
    return true;
  }

  /** It goes nowhere any more. @returns where it went */
  letGo(): Upstream | undefined {
    const { upstream } = this;
    this.upstream = undefined;
    this.#early = '';
    this.full = false;
    this.#resume();
    if (upstream !== undefined) upstream.user = undefined;
    return upstream;
  }

  takeEarly(): string {
    const early = this.#early;
    this.#early = '';
    return early;
  }

  #send(piece: Buffer, from: number, to: number, tail: string): void {
    if (this.upstream === undefined) {
      this.#early += piece.toString('latin1', from, to) + tail;
      if (this.#early.length >= MAX_HELD && !this.done) this.#pause();
      return;
    }
    splice(this.upstream.socket, '', piece, from, to, tail);
    if (this.full || !isFull(this.upstream.socket)) return;
    this.full = true;
    this.#pause();
  }

  #pause(): void {
    this.#paused = true;
    this.#client.socket.pause();
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#client.socket.resume();
  }

  /**
   * What a client sends behind its handshake is of the new protocol or of none: it is never read as a request,
   * since the connection ends if the handshake is refused.
   */
  #keepBehindHandshake(piece: Buffer, from: number, to: number): number {
    if (from === to) return from;
    this.#early += piece.toString('latin1', from, to);
    if (this.#early.length > MAX_HELD) this.#client.destroy();
    return to;
  }
}
