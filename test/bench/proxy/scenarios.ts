/** What is measured through every peer. */
import type { Site } from './backend.ts';
import { measureTransfer } from './loads/h2load.ts';
import { measureLatency } from './loads/latency.ts';
import { measurePage } from './loads/page.ts';
import { measureRate, warmUp } from './loads/wrk.ts';
import type { Entrance } from './peers/peer.ts';

/** Metric → value. */
export type Sample = Readonly<Record<string, number>>;

export interface Scenario {
  readonly name: string;
  /** Before the first round; what it returns is handed to each of its rounds. */
  prepare(entrance: Entrance, site: Site): Promise<number>;
  measure(entrance: Entrance, site: Site, prepared: number): Promise<Sample>;
}

const SMALL_CONNECTIONS = 32;
const LARGE_CONNECTIONS = 8;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'small',
    prepare: async (entrance, { small }) => {
      await warmUp(entrance, small, SMALL_CONNECTIONS);
      return 0;
    },
    measure: async (entrance, { small }) => {
      const { rate, cpu } = await measureRate(entrance, small, SMALL_CONNECTIONS);
      return { rate, cpu };
    },
  },
  {
    name: 'large',
    // How many requests fill a round.
    prepare: async (entrance, { large }) => {
      const first = await measureTransfer(entrance, large, LARGE_CONNECTIONS, 100);
      return measureTransfer(entrance, large, LARGE_CONNECTIONS, first);
    },
    measure: async (entrance, { large }, expected) => ({
      large: await measureTransfer(entrance, large, LARGE_CONNECTIONS, expected),
    }),
  },
  {
    name: 'page',
    prepare: (entrance, { modules }) => measurePage(entrance, modules),
    measure: async (entrance, { modules }) => ({ page: await measurePage(entrance, modules) }),
  },
  {
    name: 'latency',
    prepare: (entrance, { small }) => measureLatency(entrance, small),
    measure: async (entrance, { small }) => ({ p50: await measureLatency(entrance, small) }),
  },
];
