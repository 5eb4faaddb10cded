/** The front beside other proxies: `npm run bench -- proxy --help`. */
import { startSite } from './backend.ts';
import { parseOptions, PEER_NAMES, USAGE, type Options } from './options.ts';
import type { Entrance, Peer } from './peers/peer.ts';
import { findPeers } from './peers/peers.ts';
import { circumstances, keep } from './report/keep.ts';
import { renderMarkdown } from './report/markdown.ts';
import { isWhole, outcomesOf, type Result } from './report/result.ts';
import { idle } from './scenarios/idle.ts';
import { memory } from './scenarios/memory.ts';
import { large, latency, page, small } from './scenarios/pages.ts';
import { routes } from './scenarios/routes.ts';
import type { Scenario, Stage } from './scenarios/stage.ts';
import { checkTools } from './tools.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

const SCENARIOS: readonly Scenario[] = [small, large, page, latency, memory, routes, idle];

/** Returns the exit code. */
async function main(options: Options): Promise<number> {
  await checkTools();
  const { peers, absent } = await findPeers(options.peers);
  for (const peer of absent) console.log(`${peer.name} is skipped: ${peer.absent}`);
  const workshop = openWorkshop();
  const stop = (): void => void workshop.close().finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const measured = await measure(workshop, options, peers);
    const result: Result = { version: 1, ...circumstances(), absent, ...measured };
    console.log(`\n${renderMarkdown(result)}`);
    if (isWhole(result) && PEER_NAMES.every((name) => options.peers.includes(name))) keep(result);
    return outcomesOf(result).some(({ verdict }) => verdict === 'missed') ? 1 : 0;
  } finally {
    await workshop.close();
  }
}

async function measure(
  workshop: Workshop,
  { rounds, only }: Options,
  peers: readonly Peer[],
): Promise<Pick<Result, 'rounds' | 'peers' | 'series' | 'idle'>> {
  const site = await startSite(workshop);
  const entrances = new Map<Peer, Entrance>();
  for (const peer of peers) entrances.set(peer, await peer.start(workshop, site.port));
  const stage: Stage = { workshop, site, peers, entrances, rounds, series: new Map(), notes: {} };
  for (const scenario of SCENARIOS.filter(({ name }) => only.includes(name))) {
    const start = performance.now();
    await scenario.run(stage);
    console.log(`${scenario.name}: ${((performance.now() - start) / 1_000).toFixed(0)} s`);
  }
  const series = [...stage.series].map(([metric, values]) => [metric, Object.fromEntries(values)] as const);
  return {
    rounds,
    peers: peers.map(({ name, runtime }) => ({ name, runtime })),
    series: Object.fromEntries(series),
    ...stage.notes,
  };
}

if (process.argv.includes('--help')) console.log(USAGE);
else {
  try {
    process.exitCode = await main(parseOptions(process.argv.slice(2)));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
