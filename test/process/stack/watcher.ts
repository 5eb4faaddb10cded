/** Watches `**` of a folder and prints what that costs: `{ folders, watches, megabytes }`. */

import { systemClock } from '../../../src/lib/clock.ts';
import { watchSources } from '../../../src/stack/watch/sources.ts';
import { countWatches } from './inotify.ts';

const [dir = '.', pattern = '**'] = process.argv.slice(2);

const before = process.memoryUsage().rss;
const watch = watchSources({
  clock: systemClock,
  brakes: { see: () => 'steady', judge: () => [] },
  onChange: () => undefined,
  onProblem: (_service, why) => console.error(why),
});
await watch.follow([{ service: 'x', dir, patterns: [pattern] }]);
const megabytes = (process.memoryUsage().rss - before) / 1024 / 1024;
const result = { watches: countWatches(), megabytes };
await watch.close();
console.log(JSON.stringify({ ...result, after: countWatches() }));
