/** Whether the connection of an exchange may carry another one: what two users of it could get of each other. */
import type { Upstream } from '../../pool-upstream.ts';
import type { Kind } from '../../pool-proven.ts';
import type { Target } from '../engine.ts';
import type { Client } from './client.ts';
import { mayBeLeftUnread, type Request } from './request.ts';
import type { Response } from './response.ts';

/** What is known of an exchange whose response is complete. */
export interface Finished {
  readonly request: Request;
  readonly response: Response;
  /** The final response began before the whole request was sent. */
  readonly early: boolean;
  /** Bytes came behind the response. */
  readonly excess: boolean;
  /** The client's connection ends with it. */
  readonly last: boolean;
}

/**
 * Finds what speaks against it:
 * - bytes that the service has not read, it takes for the next request, and answers;
 * - bytes that it sent unasked, the next user would take for an answer;
 * - over a connection that was logged in, everybody is taken for the same: it stays with its client (`bound.ts`);
 * - after an offer to switch protocols, some services have taken the connection out of the hands of HTTP.
 */
function canReuse({ request, response, early, excess }: Finished): boolean {
  if (excess || early || request.upgrade !== undefined || !response.keepAlive) return false;
  return !mayBeLeftUnread(request);
}

/** The kind of an exchange: a service that sends more than its answer does so each time that it is asked for the same. */
const kindOf = ({ method, target }: Request, { status }: Response): Kind => {
  const query = target.indexOf('?');
  return { method, status, path: query === -1 ? target : target.slice(0, query) };
};

/** Everything that was written has left, and no write has failed. */
const hasWritten = ({ socket, deaf }: Upstream): boolean => socket.writableLength === 0 && !deaf;

/**
 * Takes a connection that was used before, and not by another client where somebody may have logged in over it.
 *
 * @param repeatable the request can be made again if the connection turns out to be closed
 * @returns undefined if none is good enough
 */
export const borrow = (client: Client, target: Target, repeatable: boolean): Upstream | undefined =>
  client.context.bound.take(client, target, repeatable) ?? client.context.pool.take(target, repeatable);

/** Gives the connection of an exchange to the pool, keeps it for its client who may have logged in, or closes it. */
export function giveBack(client: Client, target: Target, upstream: Upstream, exchange: Finished): void {
  const { pool, bound } = client.context;
  if (exchange.excess) pool.distrust(target);
  const { request, response } = exchange;
  upstream.personal ||= request.logsIn || response.logsIn;
  if (!hasWritten(upstream) || !canReuse(exchange)) return upstream.destroy();
  if (upstream.personal) return exchange.last ? upstream.destroy() : bound.keep(client, target, upstream);
  pool.release(target, upstream, response.keepAliveFor, kindOf(request, response));
}
