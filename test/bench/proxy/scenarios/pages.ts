/** Pages through every peer. */
import type { Site } from '../backend.ts';
import { measureTransfer } from '../loads/h2load.ts';
import { measureLatency } from '../loads/latency.ts';
import { measurePage } from '../loads/page.ts';
import { measureRate, warmUp } from '../loads/wrk.ts';
import type { Entrance } from '../peers/peer.ts';
import { blame, measureRounds, type Contender, type Scenario } from './stage.ts';

type Measure = Contender['measure'];

/** @param prepare warms the peer up, and returns what a round of it is */
const createScenario = (
  name: string,
  prepare: (entrance: Entrance, site: Site) => Promise<Measure>,
): Scenario => ({
  name,
  run: async (stage) => {
    const contenders: Contender[] = [];
    for (const [peer, entrance] of stage.entrances) {
      contenders.push({ name: peer.name, measure: await blame(peer.name, prepare(entrance, stage.site)) });
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

export const page = createScenario('page', async (entrance, { modules }) => {
  await measurePage(entrance, modules);
  return async () => ({ page: await measurePage(entrance, modules) });
});

export const latency = createScenario('latency', async (entrance, { small: page }) => {
  await measureLatency(entrance, page);
  return async () => ({ latency: await measureLatency(entrance, page) });
});
