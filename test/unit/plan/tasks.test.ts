/** Which tasks turbo, nx and lerna are asked to run, in which packages; and what a need keeps of what is consumed. */
import { expect, it } from 'vitest';

import { planNeeds } from '../../../src/plan/needs.ts';
import { taskRun } from '../../../src/plan/tasks.ts';
import { contractOf } from './stack.ts';

it.each([
  ['turbo dev', 'all', ['dev']],
  ['turbo run dev build', 'all', ['dev', 'build']],
  ['turbo run dev --filter web', { name: 'web' }, ['dev']],
  ['turbo run dev -F=@shop/web', { name: '@shop/web' }, ['dev']],
  ['turbo run dev --filter=./apps/*', 'many', ['dev']],
  ['turbo dev -F a -F b --concurrency 4', 'many', ['dev']],
  ['lerna run dev --scope web', { name: 'web' }, ['dev']],
  ['lerna run dev', 'all', ['dev']],
  ['lerna exec dev', undefined, []],
  ['nx run web:dev', { name: 'web' }, ['dev']],
  ['nx dev web', { name: 'web' }, ['dev']],
  ['nx run web', undefined, []],
  ['nx dev', undefined, []],
  ['nx run-many -t dev', 'all', ['dev']],
  ['nx run-many --targets=dev,build -p web', { name: 'web' }, ['dev', 'build']],
  ['nx run-many -t dev --projects=web,api', 'many', ['dev']],
  ['nx affected -t dev', 'many', ['dev']],
  ['nx affected --target dev --parallel 3', 'many', ['dev']],
  ['make dev', undefined, []],
])('%s', (line, target, tasks) => {
  const [program = '', ...args] = line.split(' ');
  expect(taskRun(program, args)).toEqual(target === undefined ? undefined : { target, tasks });
});

it('a need that nobody wrote down is kept as one', () => {
  const contract = contractOf('services:\n  db: { command: x }\n  api: { command: x, consumes: [db] }\n');
  const api = contract.services.get('api');
  if (api === undefined || api.kind === 'external') throw new Error('no such service');
  const need = { service: 'db', optional: false, condition: 'ready' };
  expect(planNeeds(contract, api).needs.map((one) => Object.entries(one))).toEqual([Object.entries(need)]);
  const consumes = api.consumes.map((one) => ({ ...one, silent: true }));
  expect(planNeeds(contract, { ...api, consumes }).needs).toEqual([{ ...need, silent: true }]);
});
