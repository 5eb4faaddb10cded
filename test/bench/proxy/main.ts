/** The front beside other proxies: `npm run bench -- proxy --help`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join, resolve } from 'node:path';

import { startSite } from './backend.ts';
import { parseOptions, PEER_NAMES, USAGE, type Options } from './options.ts';
import { findCaddy } from './peers/caddy.ts';
import { findDirect } from './peers/direct.ts';
import { findHaproxy } from './peers/haproxy.ts';
import { findHttpProxy } from './peers/http-proxy.ts';
import { findNginx } from './peers/nginx.ts';
import type { Absent, Entrance, Peer } from './peers/peer.ts';
import { findPortless } from './peers/portless.ts';
import { findEscapeHatch, findPortramp } from './peers/portramp.ts';
import { renderMarkdown } from './report/markdown.ts';
import { isWhole, outcomesOf, type Result } from './report/result.ts';
import { idle } from './scenarios/idle.ts';
import { memory } from './scenarios/memory.ts';
import { large, latency, page, small } from './scenarios/pages.ts';
import { routes } from './scenarios/routes.ts';
import type { Scenario, Stage } from './scenarios/stage.ts';
import { checkTools } from './tools.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

const RESULTS = resolve('test/bench/results');
const SCENARIOS: readonly Scenario[] = [small, large, page, latency, memory, routes, idle];
const FINDERS = [
  findPortramp,
  findEscapeHatch,
  findNginx,
  findHaproxy,
  findCaddy,
  findHttpProxy,
  findPortless,
  findDirect,
];

async function main(options: Options): Promise<number> {
  await checkTools();
  const found = await Promise.all(FINDERS.map((find) => find()));
  const wanted = found.filter(({ name }) => ['portramp', 'direct', ...options.peers].includes(name));
  const absent = wanted.filter((peer) => 'absent' in peer);
  const peers = wanted.filter((peer): peer is Peer => !('absent' in peer));
  for (const peer of absent) console.log(`${peer.name} is skipped: ${peer.absent}`);
  const workshop = openWorkshop();
  const stop = (): void => void workshop.close().finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const result = await measure(workshop, options, peers, absent);
    return report(result, options);
  } finally {
    await workshop.close();
  }
}

async function measure(
  workshop: Workshop,
  { rounds, only }: Options,
  peers: readonly Peer[],
  absent: readonly Absent[],
): Promise<Result> {
  const site = await startSite(workshop);
  const entrances = new Map<Peer, Entrance>();
  for (const peer of peers) entrances.set(peer, await peer.start(workshop, site.port));
  const stage: Stage = { workshop, site, peers, entrances, rounds, series: new Map(), notes: {} };
  for (const scenario of SCENARIOS.filter(({ name }) => only.includes(name))) {
    const start = performance.now();
    await scenario.run(stage);
    console.log(`${scenario.name}: ${((performance.now() - start) / 1_000).toFixed(0)} s`);
  }
  return {
    version: 1,
    date: new Date().toISOString().slice(0, 10),
    commit: execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}`,
    rounds,
    peers: peers.map(({ name, runtime }) => ({ name, runtime })),
    absent,
    series: Object.fromEntries(
      [...stage.series].map(([metric, values]) => [metric, Object.fromEntries(values)]),
    ),
    ...stage.notes,
  };
}

function report(result: Result, { peers }: Options): number {
  const markdown = renderMarkdown(result);
  console.log(`\n${markdown}`);
  if (isWhole(result) && PEER_NAMES.every((name) => peers.includes(name))) {
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(join(RESULTS, 'proxy.md'), markdown);
    writeFileSync(join(RESULTS, 'proxy.json'), `${JSON.stringify(result, undefined, 2)}\n`);
    console.log(`written to ${RESULTS}; UPDATE_README=1 npm run check brings it into the README`);
  }
  return outcomesOf(result).some(({ verdict }) => verdict === 'missed') ? 1 : 0;
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
