/** Opens a connection to a target, trying its addresses one after the other. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

import { errnoOf } from '../lib/errors.ts';
import type { Target } from './engine/engine.ts';
import { Upstream } from './pool-upstream.ts';
import type { Transport } from './transport.ts';
import type { Wheel } from './wheel.ts';

/**
 * Servers that listen on "localhost" are on 127.0.0.1, on ::1 or on both, as their runtime pleases, and loopback
 * refuses at once. Node's own `autoSelectFamily` would give each 250 ms, which a burst of connections exceeds.
 */
const FOUR_FIRST: readonly string[] = ['127.0.0.1', '::1'];
const SIX_FIRST: readonly string[] = ['::1', '127.0.0.1'];

/** RFC 6761 §6.3: names below `.localhost` are loopback, whatever the system's resolver thinks. */
const LOOPBACK = /^(?:127\.0\.0\.1|::1|(?:.+\.)?localhost)$/i;

/** Whether a host is surely this machine, where a connection costs next to nothing. */
export const isNear = (host: string): boolean => LOOPBACK.test(host) || /^127(?:\.\d+){3}$/.test(host);

/** An address that is not the last one is given up after this many milliseconds. */
const IMPATIENCE = 3_000;

/** Where to dial; the addresses of a name that is not ours to know are looked up. Rejects with the DNS error. */
export function findAddresses(host: string): readonly string[] | Promise<readonly string[]> {
  if (LOOPBACK.test(host)) return host === '::1' ? SIX_FIRST : FOUR_FIRST;
  if (isIP(host) !== 0) return [host];
  return lookup(host, { all: true }).then((found) => found.map(({ address }) => address));
}

export interface DialOptions {
  readonly target: Target;
  readonly wheel: Wheel;
  readonly transport: Transport;
  /** Milliseconds for the last address. */
  readonly timeout: number;
  readonly onConnect: (upstream: Upstream, address: string) => void;
  readonly onFailure: (error: Error) => void;
}

/**
 * Dials one address after the other until one answers; reports the first error that says more than "refused".
 * @returns cancels; then neither callback comes
 */
export function dial(
  addresses: readonly string[],
  options: DialOptions,
  failures: readonly Error[] = [],
): () => void {
  const { target, wheel, transport } = options;
  const [address, ...others] = addresses;
  if (address === undefined) {
    options.onFailure(new Error(`${target.host} has no address`));
    return () => undefined;
  }
  let cancel = (): void => undefined;
  const upstream = new Upstream(target, address, transport);
  const { socket } = upstream;
  const goOn = (error: Error): void => {
    stop();
    const all = [...failures, error];
    if (others.length > 0) cancel = dial(others, options, all);
    else options.onFailure(all.find((failure) => errnoOf(failure) !== 'ECONNREFUSED') ?? all[0] ?? error);
  };
  const onConnected = (): void => {
    deadline.remove();
    socket.off('error', goOn);
    options.onConnect(upstream, address);
  };
  const deadline = wheel.createDeadline(() => goOn(timeoutError(target, address)));
  const stop = (): void => {
    deadline.remove();
    socket.off('error', goOn);
    socket.off(connectEvent, onConnected);
    socket.destroy();
  };
  const connectEvent = target.protocol === 'http' ? 'connect' : 'secureConnect';
  cancel = stop;
  deadline.set(others.length === 0 ? options.timeout : IMPATIENCE);
  socket.once('error', goOn);
  socket.once(connectEvent, onConnected);
  return () => cancel();
}

function timeoutError(target: Target, address: string): Error {
  const where = isIP(address) === 6 ? `[${address}]:${target.port}` : `${address}:${target.port}`;
  return Object.assign(new Error(`connect ETIMEDOUT ${where}`), { code: 'ETIMEDOUT' });
}
