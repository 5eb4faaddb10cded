import { parseArgs } from 'node:util';

import { ENOUGH_ROUNDS } from './statistics.ts';

export interface Options {
  readonly rounds: number;
  /** Scenarios. */
  readonly only: readonly string[];
  /** Peers besides portramp and the direct way. */
  readonly peers: readonly string[];
}

export const SCENARIO_NAMES = ['small', 'large', 'page', 'latency', 'memory', 'routes'] as const;
export const PEER_NAMES = ['nginx', 'haproxy', 'caddy', 'http-proxy', 'portless'] as const;

export const USAGE = `npm run bench -- proxy [--quick] [--long] [--rounds N] [--only SCENARIO,…] [--peers PEER,…]

  --quick    three rounds against nginx, no memory and no routes: a look, no verdicts
  --long     idle connections for a minute as well
  --rounds   ${ENOUGH_ROUNDS} unless given; fewer give no verdict
  --only     ${SCENARIO_NAMES.join(', ')}, idle
  --peers    ${PEER_NAMES.join(', ')}; and portramp-http-proxy, the other engine
             portless needs PORTLESS=FOLDER, see test/bench/proxy/peers/portless.ts

A run of all scenarios and peers with enough rounds writes test/bench/results/proxy.md and proxy.json.
The exit code is 1 if a target is missed.`;

/** @throws TypeError for words that are none of these. */
export function parseOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      peers: { type: 'string' },
    },
  });
  const { quick, long } = values;
  const rounds = Number(values.rounds ?? (quick ? 3 : ENOUGH_ROUNDS));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new TypeError(`--rounds ${values.rounds} is no number of rounds`);
  const all = quick ? SCENARIO_NAMES.slice(0, 4) : SCENARIO_NAMES;
  return {
    rounds,
    only: choose(values.only, [...SCENARIO_NAMES, 'idle'], long ? [...all, 'idle'] : all),
    peers: choose(values.peers, [...PEER_NAMES, 'portramp-http-proxy'], quick ? ['nginx'] : PEER_NAMES),
  };
}

function choose(
  text: string | undefined,
  known: readonly string[],
  otherwise: readonly string[],
): readonly string[] {
  const chosen = text?.split(',') ?? otherwise;
  const unknown = chosen.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`${unknown} is none of ${known.join(', ')}`);
  return chosen;
}
