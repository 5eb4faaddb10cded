/** Rounds that alternate in order, so that no peer is always the first, or always after the same one. */

/** What every peer measured, by metric: one value a round, in the order of rounds. */
export type Series = Map<string, Map<string, number[]>>;

/** The order of one round: it starts one further each time, and every second round runs backwards. */
export function orderOf<T>(items: readonly T[], round: number): T[] {
  const turn = items.length === 0 ? 0 : round % items.length;
  const turned = [...items.slice(turn), ...items.slice(0, turn)];
  return round % 2 === 0 ? turned : turned.toReversed();
}

export interface Contender {
  readonly name: string;
  measure(): Promise<Readonly<Record<string, number>>>;
}

export async function measureRounds(
  contenders: readonly Contender[],
  rounds: number,
  series: Series,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, measure } of orderOf(contenders, round)) {
      for (const [metric, value] of Object.entries(await measure())) {
        const peers = series.get(metric) ?? new Map<string, number[]>();
        series.set(metric, peers);
        peers.set(name, [...(peers.get(name) ?? []), value]);
      }
    }
  }
}
