/** After a 101: bytes both ways, until both sides have closed (RFC 9110 §7.8). */
import type { Socket } from 'node:net';

import type { Upstream, UpstreamUser } from '../../pool-upstream.ts';
import type { Client, ClientUser } from './client.ts';
import { isFull, splice } from './splice.ts';

export class Tunnel implements ClientUser, UpstreamUser {
  readonly sink: Socket;
  readonly #client: Client;
  readonly #upstream: Upstream;
  #upstreamEnded = false;

  constructor(client: Client, upstream: Upstream) {
    this.#client = client;
    this.#upstream = upstream;
    this.sink = client.socket;
  }

  /** Takes over both connections. `rest` came from the target behind its 101, `early` from the client before it. */
  begin(rest: Buffer, early: string): void {
    this.#client.become(this);
    this.#upstream.user = this;
    this.#client.deadline.clear();
    if (rest.length > 0) this.sink.write(rest);
    if (early !== '') this.#upstream.socket.write(early, 'latin1');
    this.sink.resume();
    if (this.#client.ended) this.onClientEnd();
  }

  onClientBytes(piece: Buffer, from: number): number {
    splice(this.#upstream.socket, '', piece, from, piece.length, '', true);
    if (isFull(this.#upstream.socket)) this.sink.pause();
    this.#watch();
    return piece.length;
  }

  onBytes(piece: Buffer, length: number, lent: boolean): void {
    splice(this.sink, '', piece, 0, length, '', lent);
    if (isFull(this.sink)) this.#upstream.socket.pause();
    this.#watch();
  }

  onClientDrain(): void {
    this.#upstream.socket.resume();
    this.#watch();
  }

  onDrain(): void {
    this.sink.resume();
    this.#watch();
  }

  onClientEnd(): void {
    this.#upstream.socket.end();
    this.#watch();
  }

  onEnd(): void {
    this.#upstreamEnded = true;
    this.sink.end();
    this.#watch();
  }

  onClientClose(): void {
    this.#upstream.user = undefined;
    this.#upstream.destroy();
  }

  onClose(error: Error | undefined): void {
    if (error === undefined) this.#client.close();
    else this.#client.reset();
  }

  onDeadline(): void {
    this.#client.destroy();
  }

  /** Both open may be silent for days; one closed and the other silent is a leak. */
  #watch(): void {
    const { context, deadline, ended } = this.#client;
    if (isFull(this.sink) || isFull(this.#upstream.socket)) deadline.set(context.timeouts.stall);
    else if (ended || this.#upstreamEnded) deadline.set(context.timeouts.halfClosed);
    else deadline.clear();
  }
}
