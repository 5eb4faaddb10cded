/** A watch that is closed while it begins: nothing of it is left. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { countWatches } from '../../process/stack/inotify.ts';
import { watchFiles } from '../../../src/stack/watch/files.ts';
import { watchSources } from '../../../src/stack/watch/sources.ts';
import { createManualClock } from '../manual-clock.ts';

let folder: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-closed-watch-')));
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/a.ts'), '');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('a watch of files', async () => {
  const clock = createManualClock();
  const watch = watchFiles({ clock, onChange: () => Promise.reject(new Error('changed')) });
  const begun = watch.follow([join(folder, 'src/a.ts')], Number.MAX_SAFE_INTEGER);
  await watch.close();
  await begun;
  await eventually(() => expect(countWatches()).toBe(0));
  expect(clock.waiting).toBe(0);
});

it('a watch of sources', async () => {
  const clock = createManualClock();
  const watch = watchSources({
    clock,
    brakes: { see: () => undefined, judge: () => [] } as never,
    onChange: () => undefined,
    onProblem: () => undefined,
  });
  const of = (service: string) => ({ service, dir: folder, patterns: ['src/**'] });
  const begun = watch.follow([of('api'), of('web')] as never);
  await new Promise((resolve) => void setImmediate(resolve));
  await watch.close();
  await begun;
  await eventually(() => expect(countWatches()).toBe(0));
  expect(clock.waiting).toBe(0);
});
