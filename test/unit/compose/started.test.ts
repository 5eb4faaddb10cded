/** In which Compose project a stack is: by where it was started, what is there, what is named, and what the files say. */
import { describe, expect, it } from 'vitest';

import { parseComposeArguments } from '../../../src/runtime/compose/arguments.ts';
import type { Standing } from '../../../src/runtime/compose/standing.ts';
import { chooseProject, type ProjectChoice } from '../../../src/stack/compose/started.ts';

const choose = (
  standing: Standing,
  { words = '', named, ...more }: Partial<ProjectChoice> & { words?: string; named?: string } = {},
) =>
  chooseProject({
    started: { project: 'zz', files: 'shop' },
    files: 'shop',
    purpose: 'use',
    arguments: parseComposeArguments(words.split(' ').filter((word) => word !== '')),
    ambient: named === undefined ? {} : { COMPOSE_PROJECT_NAME: named },
    standingOf: () => Promise.resolve(standing),
    ...more,
  });

describe('the project of a stack', () => {
  it.each<[string, Standing, Parameters<typeof choose>[1], string, RegExp | undefined]>([
    ['was never started', 'nothing', { started: undefined }, 'shop', undefined],
    ['was never started, and is named', 'nothing', { started: undefined, named: 'yy' }, 'yy', undefined],
    ['runs', 'containers', {}, 'zz', undefined],
    ['runs, and is named so again', 'containers', { named: 'zz' }, 'zz', undefined],
    [
      'runs, another one is named',
      'containers',
      { named: 'yy' },
      'zz',
      /=yy names another .* is not used here/,
    ],
    ['runs, one command names another one', 'containers', { words: '-p yy ps' }, 'yy', undefined],
    ['runs, its files were edited', 'containers', { files: 'new' }, 'zz', /called "new" now/],
    [
      'runs, its files were edited, for the runner',
      'containers',
      { files: 'new', purpose: 'follow' },
      'new',
      undefined,
    ],
    ['runs, for the runner', 'containers', { purpose: 'follow' }, 'zz', undefined],
    ['has data', 'data', {}, 'zz', /goes on in .* "zz".*COMPOSE_PROJECT_NAME=shop$/],
    ['has data, another one is named', 'data', { named: 'yy' }, 'yy', undefined],
    ['has data, its files were edited', 'data', { files: 'new' }, 'new', undefined],
    [
      'has data, its files were edited, for removal',
      'data',
      { files: 'new', purpose: 'remove' },
      'zz',
      /goes on/,
    ],
    ['has nothing left', 'nothing', {}, 'shop', undefined],
  ])('that %s', async (_, standing, choice, name, notice) => {
    const chosen = await choose(standing, choice);
    expect(chosen.name).toBe(name);
    if (notice === undefined) expect(chosen.notice).toBeUndefined();
    else expect(chosen.notice).toMatch(notice);
  });

  it('is no other one for a command of Compose in a shell that names one', async () => {
    await expect(choose('containers', { named: 'yy', words: 'down -v' })).rejects.toMatchObject({
      code: 'USAGE',
      hint: 'unset COMPOSE_PROJECT_NAME for this stack; for the other project: docker compose -p yy down -v',
    });
  });
});
