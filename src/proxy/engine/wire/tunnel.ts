/** After a 101: bytes both ways, until both sides have closed (RFC 9110 §7.8). */
import type { Socket } from 'node:net';

import type { Upstream, UpstreamUser } from '../../pool-upstream.ts';
import type { Client, ClientUser } from './client.ts';
import { closeFrame, followFrames } from '../../websocket.ts';
import type { Forward } from '../engine.ts';
import { isFull, splice } from './splice.ts';

/** Milliseconds for the answer to a close frame. */
const CLOSE_TIME = 1_000;

export class Tunnel implements ClientUser, UpstreamUser {
  readonly sink: Socket;
  readonly #client: Client;
  readonly #upstream: Upstream;
  readonly #forward: Pick<Forward, 'onEnd' | 'until'>;
  /** Both directions, to know where a close frame may stand. */
  readonly #frames = { client: followFrames(), upstream: followFrames() };
  #upstreamEnded = false;
  #closing = false;

  constructor(client: Client, upstream: Upstream, forward: Pick<Forward, 'onEnd' | 'until'>) {
    this.#client = client;
    this.#upstream = upstream;
    this.#forward = forward;
    this.sink = client.socket;
  }

  /** Takes over both connections. `rest` came from the target behind its 101, `early` from the client before it. */
  begin(rest: Buffer, early: string): void {
    this.#client.become(this);
    this.#upstream.user = this;
    this.#client.deadline.clear();
    const { until, onEnd } = this.#forward;
    until?.addEventListener('abort', this.#closeProperly);
    this.sink.once('close', () => {
      until?.removeEventListener('abort', this.#closeProperly);
      onEnd?.();
    });
    if (rest.length > 0) {
      this.#frames.upstream.push(rest);
      this.sink.write(rest);
    }
    if (early !== '') {
      this.#frames.client.push(Buffer.from(early, 'latin1'));
      this.#upstream.socket.write(early, 'latin1');
    }
    this.sink.resume();
    if (this.#client.ended) this.onClientEnd();
  }

  /** Its time is over: a close frame to both, between two frames (RFC 6455 §5.5.1). */
  readonly #closeProperly = (): void => {
    this.#closing = true;
    this.#tryClose();
    this.#client.deadline.set(CLOSE_TIME);
  };

  #tryClose(): void {
    if (this.#frames.upstream.isBetween && this.sink.writable) this.sink.end(closeFrame('server'));
    const { socket } = this.#upstream;
    if (this.#frames.client.isBetween && socket.writable) socket.end(closeFrame('client'));
  }

  onClientBytes(piece: Buffer, from: number): number {
    this.#frames.client.push(piece.subarray(from));
    // What comes after the close is only the answer to it.
    if (!this.#upstream.socket.writable) return piece.length;
    splice(this.#upstream.socket, '', piece, from, piece.length, '', true);
    if (this.#closing) this.#tryClose();
    if (isFull(this.#upstream.socket)) this.sink.pause();
    this.#watch();
    return piece.length;
  }

  onBytes(piece: Buffer, length: number, lent: boolean): void {
    this.#frames.upstream.push(piece.subarray(0, length));
    if (!this.sink.writable) return;
    splice(this.sink, '', piece, 0, length, '', lent);
    if (this.#closing) this.#tryClose();
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
    if (this.#closing) return;
    if (isFull(this.sink) || isFull(this.#upstream.socket)) deadline.set(context.timeouts.stall);
    else if (ended || this.#upstreamEnded) deadline.set(context.timeouts.halfClosed);
    else deadline.clear();
  }
}
