/** Who starts again when a provider is ready with another number. */
import { beforeEach, expect, it } from 'vitest';

import { createOutdated, type Outdated } from '../../../src/stack/outdated.ts';
import type { ServiceState } from '../../../src/stack/service.ts';
import type { Unit } from '../../../src/stack/unit.ts';

const READY: ServiceState = { state: 'ready', attempt: 1, pid: 7, since: 0 };
const WARMING: ServiceState = { state: 'warming', attempt: 1, pid: 7 };
const FAILED: ServiceState = { state: 'failed', cause: { message: 'no' } };

interface Fake {
  state: ServiceState;
  generation: number;
  goal: 'up' | 'down';
  isOnItsPorts: boolean;
}

let done: string[];
let outdated: Outdated;

beforeEach(() => {
  done = [];
  outdated = createOutdated((unit, text) => done.push(`${unit.name}: ${text}`));
});

function unitOf(name: string, state = READY): Fake & Unit {
  const fake = {
    name,
    state,
    generation: 1,
    goal: 'up',
    isOnItsPorts: true,
    get instances() {
      return [{ life: this.state, launch: this.generation }];
    },
    dispatch: ({ type }: { type: string }) => done.push(`${type} ${name}`),
  };
  return fake as unknown as Fake & Unit;
}

it('nobody, before the provider is ready, and is looked for where its clients know it', () => {
  const [api, web] = [unitOf('api', WARMING), unitOf('web')];
  outdated.note(api, web);
  outdated.settle();
  Object.assign(api, { state: READY, isOnItsPorts: false });
  outdated.settle();
  expect(done).toEqual([]);
  api.isOnItsPorts = true;
  outdated.settle();
  outdated.settle();
  expect(done).toEqual(['restart web']);
});

it('whose process was started before, or has failed; not who was started since, or was stopped', () => {
  const api = unitOf('api', WARMING);
  const [old, fresh, failed, stopped] = ['old', 'fresh', 'failed', 'stopped'].map((name) => unitOf(name));
  for (const one of [old, fresh, failed, stopped]) if (one !== undefined) outdated.note(api, one);
  Object.assign(fresh ?? {}, { generation: 2 });
  Object.assign(failed ?? {}, { state: FAILED });
  Object.assign(stopped ?? {}, { goal: 'down', state: { state: 'idle' } });
  api.state = READY;
  outdated.settle();
  expect(done).toEqual(['restart old', 'restart failed']);
});

it('once for each process of the provider; after that it is said', () => {
  const [api, web] = [unitOf('api'), unitOf('web')];
  const change = (): void => {
    outdated.note(api, web);
    outdated.settle();
  };
  change();
  change();
  api.generation = 2;
  change();
  expect(done).toEqual([
    'restart web',
    'api: its port has changed again: portramp restart web',
    'restart web',
  ]);
});

it('nobody, when the provider or the consumer is gone', () => {
  const [api, db, web] = [unitOf('api'), unitOf('db'), unitOf('web')];
  outdated.note(api, web);
  outdated.note(db, web);
  outdated.forget(api);
  outdated.forget(web);
  outdated.settle();
  expect(done).toEqual([]);
});
