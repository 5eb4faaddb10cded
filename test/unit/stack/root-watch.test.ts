import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';

import { createManualClock } from '../manual-clock.ts';
import { watchRoot } from '../../../src/stack/root-watch.ts';

describe('the folder of a stack', () => {
  it('that is there is looked at a few times a minute', async () => {
    const clock = createManualClock();
    let looks = 0;
    const look = async (): Promise<boolean> => (looks += 1) > 0;
    const end = watchRoot({ root: '/shop', clock, look, onGone: () => undefined });
    await clock.advance(60_000);
    expect(looks).toBe(6);
    end();
  });

  const watch = (answers: (boolean | undefined)[], lateness = 0) => {
    const clock = createManualClock({ lateness: () => lateness });
    const told: string[] = [];
    const look = (): Promise<boolean | undefined> =>
      Promise.resolve(answers.length > 1 ? answers.shift() : answers[0]);
    const end = watchRoot({ root: '/shop', clock, look, onGone: (text) => void told.push(text) });
    return { clock, told, end };
  };

  it('is gone when two looks do not find it, and that is told once', async () => {
    const { clock, told } = watch([true, false]);
    await clock.advance(20_250);
    expect(told).toEqual([]);
    // The second look that does not find it follows the first at once.
    await clock.advance(100);
    await eventually(() => expect(told).toHaveLength(1));
    expect(told).toEqual([expect.stringMatching('/shop was removed or moved.*portramp clean.*portramp dev')]);
    expect(clock.waiting).toBe(0);
  });

  it('is not gone for a moment, when a look fails, or when looks are late', async () => {
    const { clock, told, end } = watch([false, true, false, undefined, false, true, undefined], 3_000);
    await clock.advance(60_000);
    expect(told).toEqual([]);
    end();
    expect(clock.waiting).toBe(0);
  });

  it.each([
    ['dev', ''],
    ['ci', ' --env ci'],
  ])('says of a worktree that git has moved where it is, environment %s', async (environment, option) => {
    const folder = mkdtempSync(join(tmpdir(), 'portramp-moved-'));
    const [top, now, own] = ['old', "it's new", 'own'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const made of [join(now, 'app'), own]) mkdirSync(made, { recursive: true });
    writeFileSync(join(own, 'gitdir'), `${join(now, '.git')}\n`);
    const clock = createManualClock();
    const told: string[] = [];
    const git = { top, own, common: folder };
    const root = join(top, 'app');
    watchRoot({
      root,
      git,
      environment,
      clock,
      look: async () => false,
      onGone: (text) => void told.push(text),
    });
    await clock.advance(10_300);
    await eventually(() => expect(told).toHaveLength(1));
    expect(told[0]).toContain(`the folder ${root} was moved to ${join(now, 'app')}: this stack is stopped`);
    expect(told[0]).toContain(`"portramp dev --dir '${folder}/it'\\''s new/app'${option}" starts it again`);
    rmSync(folder, { recursive: true });
  });
});
