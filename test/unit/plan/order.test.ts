import { describe, expect, it } from 'vitest';

import { selectServices } from '../../../src/plan/order.ts';
import { planOf } from './stack.ts';

const SERVICES = [
  'services:',
  '  web: { command: x, consumes: [api] }',
  '  api: { command: x, consumes: [db, mock, { service: mail, optional: true }] }',
  '  db: { command: x }',
  '  mock: { command: x, start: manual }',
  '  tool: { command: x, start: manual }',
  '  mail: { command: x, start: manual }',
  '  seed: { kind: task, command: x, run: manual, consumes: [db] }',
  '  ext: { external: "x:1" }',
  '',
].join('\n');

const select = (names: string[], groups = ''): ReturnType<typeof selectServices> =>
  selectServices(planOf(SERVICES + groups).plan, names);

describe('selecting', () => {
  it('without names takes what starts by itself, and what that needs', () => {
    expect(select([])).toEqual({ names: ['db', 'mock', 'api', 'web', 'ext'], unknown: [] });
  });

  it('prefers the default group', () => {
    expect(select([], 'groups: { default: [seed] }\n').names).toEqual(['db', 'seed']);
  });

  it('takes services and groups, providers first', () => {
    expect(select(['seed', 'api']).names).toEqual(['db', 'mock', 'api', 'seed']);
    expect(select(['back', 'tool'], 'groups: { back: [db], default: [web] }\n').names).toEqual([
      'db',
      'tool',
    ]);
  });

  it('says what there is not', () => {
    expect(select(['wbe', 'zzzzzz'])).toEqual({
      names: [],
      unknown: [{ name: 'wbe' }, { name: 'zzzzzz' }],
    });
    expect(select(['sede', 'bakc'], 'groups: { back: [db] }\n').unknown).toEqual([
      { name: 'sede', suggestion: 'seed' },
      { name: 'bakc', suggestion: 'back' },
    ]);
    expect(select(['constructor']).unknown).toHaveLength(1);
  });
});
