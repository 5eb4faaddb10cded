/** The time between the stop of a container from outside and the start that may follow it. */
import { describe, expect, it } from 'vitest';

import { createGraces, type Graces } from '../../../src/runtime/compose/grace.ts';

describe('the grace of a container that was stopped from outside', () => {
  it('is over at once where it is hastened, after a look, and once', async () => {
    const said: string[] = [];
    const graces = createGraces(async () => void said.push('look'));
    graces.begin('gate', () => said.push('over'));
    expect(graces.has('gate')).toBe(true);
    await Promise.all([graces.hasten('gate'), graces.hasten('gate')]);
    expect(said).toEqual(['look', 'look', 'over']);
    expect(graces.has('gate')).toBe(false);
  });

  it('decides nothing where the look finds that the engine has started the container again', async () => {
    const said: string[] = [];
    const graces: Graces = createGraces(async () => graces.end('gate'));
    graces.begin('gate', () => said.push('over'));
    await graces.hasten('gate');
    expect(said).toEqual([]);
  });

  it('is not looked for where there is none, or when all is closed', async () => {
    const said: string[] = [];
    const graces = createGraces(async () => void said.push('look'));
    await graces.hasten('gate');
    graces.begin('gate', () => said.push('over'));
    graces.close();
    await graces.hasten('gate');
    expect(said).toEqual([]);
  });
});
