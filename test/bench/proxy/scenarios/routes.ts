/** Does it matter to portramp how many routes there are? */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { measureRate, warmUp } from '../loads/wrk.ts';
import { startPortramp } from '../peers/portramp.ts';
import type { Entrance } from '../peers/peer.ts';
import { FEW_ROUTES } from '../report/metrics.ts';
import { blame, measureRounds, type Contender, type Scenario, type Stage } from './stage.ts';

const FEW = 10;
const MANY = 10_000;

const ALL = Array.from({ length: MANY }, (_, index) => `host${index}`);

/** Asked for in turn, of both fronts: from one end of the long table to the other. */
const ASKED = ALL.filter((_, index) => (index + 1) % (MANY / FEW) === 0);

/** Two fronts that differ in the number of routes only, and the same requests to both. */
export const routes: Scenario = {
  name: 'routes',
  run: async (stage) => {
    const hosts = join(stage.workshop.folder, 'hosts');
    writeFileSync(hosts, ASKED.map((label) => `${label}.bench.localhost\n`).join(''));
    const many = await start(stage, 'portramp', ALL, hosts);
    const few = await start(stage, FEW_ROUTES, ASKED, hosts);
    await measureRounds(stage, [many.contender, few.contender]);
    await Promise.all([few.entrance.close(), many.entrance.close()]);
  },
};

async function start(
  { workshop, site }: Stage,
  name: string,
  labels: readonly string[],
  hosts: string,
): Promise<{ readonly entrance: Entrance; readonly contender: Contender }> {
  const entrance = await startPortramp(workshop, site.port, { hosts: labels });
  const options = { connections: 32, hosts };
  await blame(name, warmUp(entrance, site.small, options));
  const measure = async (): Promise<{ routes: number }> => ({
    routes: (await measureRate(entrance, site.small, options)).rate,
  });
  return { entrance, contender: { name, measure } };
}
