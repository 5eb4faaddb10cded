/** All that can be measured, in the order of the table's rows. */
import { findCaddy } from './caddy.ts';
import { findDirect } from './direct.ts';
import { findHaproxy } from './haproxy.ts';
import { findHttpProxy } from './http-proxy.ts';
import { findNginx } from './nginx.ts';
import type { Absent, Peer } from './peer.ts';
import { findPortless } from './portless.ts';
import { findEscapeHatch, findPortramp } from './portramp.ts';

const FINDERS = [
  findPortramp,
  findEscapeHatch,
  findNginx,
  findHaproxy,
  findCaddy,
  findHttpProxy,
  findPortless,
  findDirect,
];

/** These are in every table. */
const ALWAYS = ['portramp', 'direct'];

export async function findPeers(
  names: readonly string[],
): Promise<{ readonly peers: readonly Peer[]; readonly absent: readonly Absent[] }> {
  const found = await Promise.all(FINDERS.map((find) => find()));
  const wanted = found.filter(({ name }) => ALWAYS.includes(name) || names.includes(name));
  return {
    peers: wanted.filter((peer): peer is Peer => !('absent' in peer)),
    absent: wanted.filter((peer): peer is Absent => 'absent' in peer),
  };
}
