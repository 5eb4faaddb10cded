import { parseArgs } from 'node:util';

import { ENOUGH_ROUNDS } from './statistics.ts';

export interface Options {
  readonly rounds: number;
  /** Scenarios; undefined is all. */
  readonly only: readonly string[] | undefined;
  /** Peers besides portramp and the direct way; undefined is all. */
  readonly peers: readonly string[] | undefined;
}

export const USAGE = `npm run bench -- proxy [--quick] [--rounds N] [--only SCENARIO,…] [--peers PEER,…]

  --quick   three rounds against nginx: a look, no verdicts, nothing is written
  --only    small, large, page, latency
  --peers   nginx, haproxy, caddy, http-proxy, portless, portramp-http-proxy`;

export function parseOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      peers: { type: 'string' },
    },
  });
  const list = (text: string | undefined): string[] | undefined => text?.split(',');
  return {
    rounds: Number(values.rounds ?? (values.quick ? 3 : ENOUGH_ROUNDS)),
    only: list(values.only),
    peers: list(values.peers) ?? (values.quick ? ['nginx'] : undefined),
  };
}
