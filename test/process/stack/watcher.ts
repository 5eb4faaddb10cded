/** Watches `**` of a folder and prints what that costs: `{ folders, watches, megabytes }`. */
import { readdirSync, readFileSync } from 'node:fs';

import { systemClock } from '../../../src/lib/clock.ts';
import { watchSources } from '../../../src/stack/watch/sources.ts';

const [dir = '.', pattern = '**'] = process.argv.slice(2);

const watches = (): number =>
  readdirSync('/proc/self/fdinfo')
    .map((fd) => {
      try {
        return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
      } catch {
        return '';
      }
    })
    .reduce((sum, text) => sum + text.split('\n').filter((line) => line.startsWith('inotify')).length, 0);

const before = process.memoryUsage().rss;
const watch = watchSources({
  clock: systemClock,
  brakes: { see: () => 'steady', judge: () => [] },
  onChange: () => undefined,
  onProblem: (_service, why) => console.error(why),
});
await watch.follow([{ service: 'x', dir, patterns: [pattern] }]);
const megabytes = (process.memoryUsage().rss - before) / 1024 / 1024;
const result = { watches: watches(), megabytes };
await watch.close();
console.log(JSON.stringify({ ...result, after: watches() }));
