/** Pages through every peer. */
import type { Site } from '../backend.ts';
import { measureLoading, measureTransfer } from '../loads/h2load.ts';
import { whileAwake } from '../awake.ts';
import { checkBodies } from '../loads/body.ts';
import { measureLatency } from '../loads/latency.ts';
import { measureRate, warmUp } from '../loads/wrk.ts';
import type { Entrance } from '../peers/peer.ts';
import type { Workshop } from '../workshop.ts';
import { blame, measureRounds, type Contender, type Scenario } from './stage.ts';

type Measure = Contender['measure'];

/** @param prepare warms the peer up, and returns what a round of it is */
const createScenario = (
  name: string,
  prepare: (entrance: Entrance, site: Site, workshop: Workshop) => Promise<Measure>,
): Scenario => ({
  name,
  run: async (stage) => {
    const contenders: Contender[] = [];
    for (const [peer, entrance] of stage.entrances) {
      contenders.push({
        name: peer.name,
        measure: await blame(peer.name, prepare(entrance, stage.site, stage.workshop)),
      });
    }
    await measureRounds(stage, contenders);
  },
});

export const small = createScenario('small', async (entrance, { small: page }) => {
  const options = { connections: 32 };
  await warmUp(entrance, page, options);
  return async () => ({ ...(await measureRate(entrance, page, options)) });
});

export const large = createScenario('large', async (entrance, { large: page }) => {
  const connections = 8;
  const first = await measureTransfer(entrance, page, connections, 100);
  const expected = await measureTransfer(entrance, page, connections, first);
  return async () => ({ large: await measureTransfer(entrance, page, connections, expected) });
});

export const page = createScenario('page', async (entrance, { modules }, { folder }) => {
  const load = (): Promise<number> => measureLoading(entrance, modules, 6, folder);
  await checkBodies(entrance, modules);
  await load();
  return async () => {
    await checkBodies(entrance, modules.slice(0, 10));
    return { page: await load() };
  };
});

/** Between two requests nothing happens, so there are two answers: with cores that stay awake, and as they like. */
const latencyOf = (metric: string): Scenario =>
  createScenario('latency', async (entrance, { small: page }) => {
    await measureLatency(entrance, page);
    return async () => ({ [metric]: await measureLatency(entrance, page) });
  });

export const latency: Scenario = {
  name: 'latency',
  run: async (stage) => {
    await whileAwake(stage.workshop, () => latencyOf('latency').run(stage));
    await latencyOf('latencyAsleep').run(stage);
  },
};
