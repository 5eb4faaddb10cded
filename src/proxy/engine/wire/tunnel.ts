/**
 * After a 101: bytes both ways, until both sides have closed (RFC 9110 §7.8). One whose time is over is closed as a
 * WebSocket: either side gets a close frame, behind the frame that is on its way to it.
 */
import type { Socket } from 'node:net';

import type { Upstream, UpstreamUser } from '../../pool-upstream.ts';
import type { Forward } from '../engine.ts';
import { isWebSocket } from '../upgrade.ts';
import type { Deadline } from '../../wheel.ts';
import { closeFrame, FrameFollower, PATIENCE } from '../../websocket.ts';
import type { Client, ClientUser } from './client.ts';
import { reset } from '../../reset.ts';
import { isFull, splice } from '../../splice.ts';

/** One direction. */
interface Course {
  /** Undefined where nobody will ask it to close, or what is spoken has no close frames. */
  readonly frames: FrameFollower | undefined;
  /** Whom the receiver takes the close frame for. */
  readonly speaker: 'client' | 'server';
  /** The close frame was sent: what still comes is dropped. */
  closed: boolean;
}

export class Tunnel implements ClientUser, UpstreamUser {
  readonly sink: Socket;
  readonly #client: Client;
  readonly #upstream: Upstream;
  readonly #until: AbortSignal | undefined;
  #onEnd: (() => void) | undefined;
  readonly #toClient: Course;
  readonly #toTarget: Course;
  #upstreamEnded = false;
  /** How long the closing may take, once it has begun. */
  #closing: Deadline | undefined;

  /** @param protocol what is spoken: the name that the target has given it */
  constructor(
    client: Client,
    upstream: Upstream,
    protocol: string | undefined,
    { until, onEnd }: Pick<Forward, 'until' | 'onEnd'>,
  ) {
    this.#client = client;
    this.#upstream = upstream;
    this.sink = client.socket;
    this.#until = until;
    this.#onEnd = onEnd;
    const hasFrames = until !== undefined && protocol !== undefined && isWebSocket(protocol);
    const follow = (): FrameFollower | undefined => (hasFrames ? new FrameFollower() : undefined);
    this.#toClient = { frames: follow(), speaker: 'server', closed: false };
    this.#toTarget = { frames: follow(), speaker: 'client', closed: false };
  }

  /** Takes over both connections. `rest` came from the target behind its 101, `early` from the client before it. */
  begin(rest: Buffer, early: string): void {
    this.#client.become(this);
    this.#upstream.user = this;
    this.#client.deadline.remove();
    if (rest.length > 0) {
      this.#toClient.frames?.push(rest);
      this.sink.write(rest);
    }
    if (early !== '') {
      this.#toTarget.frames?.push(Buffer.from(early, 'latin1'));
      this.#upstream.socket.write(early, 'latin1');
    }
    this.sink.resume();
    if (this.#client.ended) this.onClientEnd();
  }

  onClientBytes(piece: Buffer, from: number, to: number): number {
    if (this.#toTarget.closed) return to;
    this.#toTarget.frames?.push(piece, from, to);
    splice(this.#upstream.socket, '', piece, from, to, '');
    if (isFull(this.#upstream.socket)) this.sink.pause();
    this.#watch();
    return to;
  }

  onBytes(piece: Buffer, length: number): void {
    if (this.#toClient.closed) return;
    this.#toClient.frames?.push(piece, 0, length);
    splice(this.sink, '', piece, 0, length, '');
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

  onClientClose(broke: boolean): void {
    this.#end();
    // The target may not have read its close frame yet, and a reset would take that away.
    if (this.#toTarget.closed) return;
    this.#upstream.user = undefined;
    // What the client broke off must not look as if it had ended.
    if (broke) reset(this.#upstream.socket);
    else this.#upstream.destroy();
    this.#closing?.remove();
  }

  onClose(error: Error | undefined): void {
    this.#end();
    this.#closing?.remove();
    if (error === undefined || this.#toClient.closed) this.#client.close();
    else this.#client.reset();
  }

  onDeadline(): void {
    this.#client.destroy();
  }

  cut(until: AbortSignal): void {
    if (until !== this.#until || this.#closing !== undefined) return;
    if (this.#toClient.frames === undefined) return this.#client.reset();
    const { context, deadline } = this.#client;
    deadline.clear();
    this.#closing = context.wheel.createDeadline(() => {
      this.#client.destroy();
      this.#upstream.destroy();
    });
    this.#closing.set(PATIENCE);
    this.#sendClose();
  }

  #end(): void {
    this.#onEnd?.();
    this.#onEnd = undefined;
  }

  /** Where no frame is under way; a frame that is has the time that the closing may take. */
  #sendClose(): void {
    for (const [course, socket, from] of [
      [this.#toClient, this.sink, this.#upstream.socket],
      [this.#toTarget, this.#upstream.socket, this.sink],
    ] as const) {
      if (course.closed || course.frames?.isBetween !== true) continue;
      course.closed = true;
      socket.end(closeFrame(course.speaker));
      // The other's answer is to be seen, also if its last bytes had to wait.
      from.resume();
    }
  }

  /** Both open may be silent for days; one closed and the other silent is a leak. */
  #watch(): void {
    if (this.#closing !== undefined) return this.#sendClose();
    const { context, deadline, ended } = this.#client;
    if (isFull(this.sink) || isFull(this.#upstream.socket)) deadline.set(context.timeouts.stall);
    else if (ended || this.#upstreamEnded) deadline.set(context.timeouts.halfClosed);
    else deadline.clear();
  }
}
