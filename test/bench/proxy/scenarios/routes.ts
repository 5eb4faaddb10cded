/** Does it matter to portramp how many routes there are? */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { measureRate, warmUp } from '../loads/wrk.ts';
import { startPortramp } from '../peers/portramp.ts';
import type { Entrance } from '../peers/peer.ts';
import { FEW_ROUTES } from '../report/metrics.ts';
import { measureRounds, type Contender, type Scenario, type Stage } from './stage.ts';

const FEW = 10;
const MANY = 10_000;

/** Requests go to all hosts in turn; two fronts are compared that differ in the number of routes only. */
export const routes: Scenario = {
  name: 'routes',
  run: async (stage) => {
    const few = await start(stage, FEW, FEW_ROUTES);
    const many = await start(stage, MANY, 'portramp');
    await measureRounds(stage, [many.contender, few.contender]);
    await Promise.all([few.entrance.close(), many.entrance.close()]);
  },
};

async function start(
  { workshop, site }: Stage,
  count: number,
  name: string,
): Promise<{ readonly entrance: Entrance; readonly contender: Contender }> {
  const labels = Array.from({ length: count }, (_, index) => `host${index}`);
  const entrance = await startPortramp(workshop, site.port, { hosts: labels });
  const hosts = join(workshop.folder, `hosts-${count}`);
  // Neither in the order of the table nor in that of their names.
  const spread = labels.map((_, index) => labels[(index * 7_919) % count]);
  writeFileSync(hosts, spread.map((label) => `${label}.bench.localhost\n`).join(''));
  const options = { connections: 32, hosts };
  await warmUp(entrance, site.small, options);
  const measure = async (): Promise<{ routes: number }> => ({
    routes: (await measureRate(entrance, site.small, options)).rate,
  });
  return { entrance, contender: { name, measure } };
}
