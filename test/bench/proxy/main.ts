/** The front beside other proxies: `npm run bench -- proxy --help`. */
import { startSite } from './backend.ts';
import { parseOptions, USAGE } from './options.ts';
import { findDirect } from './peers/direct.ts';
import { findHttpProxy } from './peers/http-proxy.ts';
import { findNginx } from './peers/nginx.ts';
import { findEscapeHatch, findPortramp } from './peers/portramp.ts';
import { measureRounds, type Series } from './rounds.ts';
import { SCENARIOS } from './scenarios.ts';
import { spreadOf, pairedRatio } from './statistics.ts';
import { openWorkshop } from './workshop.ts';

if (process.argv.includes('--help')) {
  console.log(USAGE);
  process.exit(0);
}
const options = parseOptions(process.argv.slice(2));
const workshop = openWorkshop();
try {
  const found = await Promise.all(
    [findPortramp, findNginx, findHttpProxy, findEscapeHatch, findDirect].map((find) => find()),
  );
  const site = await startSite(workshop);
  const series: Series = new Map();
  const peers = [];
  for (const peer of found) {
    if (!['portramp', 'direct'].includes(peer.name) && options.peers?.includes(peer.name) === false) continue;
    if (peer.name === 'portramp-http-proxy' && options.peers === undefined) continue;
    if ('absent' in peer) console.log(`${peer.name} is skipped: ${peer.absent}`);
    else peers.push({ peer, entrance: await peer.start(workshop, site.port) });
  }
  for (const scenario of SCENARIOS) {
    if (options.only?.includes(scenario.name) === false) continue;
    const contenders = [];
    for (const { peer, entrance } of peers) {
      const prepared = await scenario.prepare(entrance, site);
      contenders.push({ name: peer.name, measure: () => scenario.measure(entrance, site, prepared) });
    }
    await measureRounds(contenders, options.rounds, series);
  }
  for (const [metric, values] of series) {
    const own = values.get('portramp') ?? [];
    for (const [name, numbers] of values) {
      const { median, least, most } = spreadOf(numbers);
      const ratio = pairedRatio(own, numbers);
      console.log(
        `${metric.padEnd(8)} ${name.padEnd(20)} ${median.toFixed(1).padStart(10)}  (${least.toFixed(1)} to ${most.toFixed(1)})  portramp is ${ratio.median.toFixed(2)} × of it`,
      );
    }
  }
} finally {
  await workshop.close();
}
