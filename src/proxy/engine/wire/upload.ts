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
  /** What of the body came before there was a target, a character per byte. */
  #early = '';
  /** What came behind a request that wants to go on with another protocol. */
  #behind = '';
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
    const body = this.#body;
    if (body.done) return this.#request.upgrade === undefined ? from : this.#keepBehind(piece, from, to);
    const end = body.read(piece, from, to);
    if (end !== BAD) this.#send(piece, from, body.passable, body.done ? body.tail : '');
    return end;
  }

  /** Sends the head, and of the body what there is. */
  begin(upstream: Upstream, head: string): void {
    this.upstream = upstream;
    upstream.socket.write(head + this.#early, 'latin1');
    this.#early = '';
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
    this.#behind = '';
    this.full = false;
    this.#resume();
    if (upstream !== undefined) upstream.user = undefined;
    return upstream;
  }

  /** Takes what came behind the request, for the new protocol. */
  takeBehind(): string {
    const behind = this.#behind;
    this.#behind = '';
    return behind;
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
   * What a client sends behind such a request is of the new protocol or of none: it is never read as a request, since
   * the connection ends if the target does not agree.
   */
  #keepBehind(piece: Buffer, from: number, to: number): number {
    if (from === to) return from;
    this.#behind += piece.toString('latin1', from, to);
    if (this.#behind.length > MAX_HELD) this.#client.destroy();
    return to;
  }
}
