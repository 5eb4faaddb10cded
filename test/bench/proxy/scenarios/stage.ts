/** What scenarios share: the peers, the backend, and where results go. */
import type { Site } from '../backend.ts';
import type { Entrance, Peer } from '../peers/peer.ts';
import type { Idle } from '../report/result.ts';
import type { Workshop } from '../workshop.ts';

/** What every peer measured, by metric: one value a round, in the order of rounds. */
export type Series = Map<string, Map<string, number[]>>;

export interface Stage {
  readonly workshop: Workshop;
  readonly site: Site;
  readonly peers: readonly Peer[];
  /** One of each, started for all scenarios that ask for pages. */
  readonly entrances: ReadonlyMap<Peer, Entrance>;
  readonly rounds: number;
  readonly series: Series;
  /** What is no matter of rounds. */
  readonly notes: { idle?: Idle };
}

export interface Scenario {
  readonly name: string;
  run(stage: Stage): Promise<void>;
}

export interface Contender {
  readonly name: string;
  /** Metric → value. */
  readonly measure: () => Promise<Readonly<Record<string, number>>>;
}

/** The order of one round: it starts one further each time, and every second round runs backwards. */
export function orderOf<T>(items: readonly T[], round: number): T[] {
  const turn = items.length === 0 ? 0 : round % items.length;
  const turned = [...items.slice(turn), ...items.slice(0, turn)];
  return round % 2 === 0 ? turned : turned.toReversed();
}

/** Lets all measure once a round, one after the other. */
export async function measureRounds(
  { rounds, series }: Pick<Stage, 'rounds' | 'series'>,
  contenders: readonly Contender[],
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, measure } of orderOf(contenders, round)) {
      const values = await blame(name, measure());
      for (const [metric, value] of Object.entries(values)) record(series, metric, name, value);
    }
  }
}

/** Says who it was that something went wrong with. */
export const blame = <T>(name: string, work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });

export function record(series: Series, metric: string, name: string, value: number): void {
  const peers = series.get(metric) ?? new Map<string, number[]>();
  series.set(metric, peers.set(name, [...(peers.get(name) ?? []), value]));
}
