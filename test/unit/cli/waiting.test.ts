import { describe, expect, it } from 'vitest';

import { describeOpen, rootOf } from '../../../src/cli/waiting/open.ts';
import { sayMeanwhile } from '../../../src/cli/waiting/saying.ts';
import type { PublishedService } from '../../../src/protocol/messages.ts';
import { createManualClock } from '../manual-clock.ts';

const service = (name: string, more: Partial<PublishedService> = {}): PublishedService => ({
  name,
  kind: 'process',
  state: 'warming',
  restarts: 0,
  ports: [],
  ...more,
});

describe('what is said while something is waited for', () => {
  it('comes after a pause, where it has changed, and never after the end', async () => {
    const clock = createManualClock();
    const said: string[] = [];
    let words: string | undefined = 'db';
    const end = sayMeanwhile(
      () => words,
      (text) => said.push(text),
      clock,
    );
    await clock.advance(2_900);
    expect(said).toEqual([]);
    await clock.advance(20_000);
    expect(said).toEqual(['db']);
    words = undefined;
    await clock.advance(5_000);
    words = 'db';
    await clock.advance(5_000);
    expect(said).toEqual(['db']);
    words = 'api';
    await clock.advance(5_000);
    expect(said).toEqual(['db', 'api']);
    end();
    words = 'web';
    await clock.advance(10_000);
    expect(said).toEqual(['db', 'api']);
    expect(clock.waiting).toBe(0);
  });
});

describe('the root of a wait', () => {
  it('is at the end of the chain, by the needs that the runner knows, and of a ring one of its services', () => {
    const web = service('web', { state: 'waiting', waitingFor: ['api'] });
    const api = service('api', { state: 'waiting', waitingFor: ['db'] });
    const db = service('db');
    expect(rootOf([web, api, db], web, new Map())).toBe(db);
    const needs = [
      { service: 'cache', condition: 'ready', met: false, optional: true },
      { service: 'api', condition: 'ready', met: true, optional: false },
    ];
    const details = new Map([['web', { name: 'web', needs }]]);
    expect(rootOf([web, api, db], web, details)).toBe(web);
    const ring = service('db', { state: 'waiting', waitingFor: ['web'] });
    expect(['web', 'api', 'db']).toContain(rootOf([web, api, ring], web, new Map()).name);
  });

  it('is told with what the last look at it found, where nothing else is known', () => {
    const details = (problem?: string) => ({
      name: 'db',
      needs: [],
      probe: { ago: 200, ...(problem && { problem }) },
    });
    expect(describeOpen(service('db'), details('answered with 500'))).toBe(
      'db is starting: last look: answered with 500',
    );
    expect(describeOpen(service('db'), details())).toBe('db is starting');
    const waiting = service('db', { state: 'waiting', waitingFor: ['api'] });
    expect(describeOpen(waiting, details('answered with 500'))).toBe(describeOpen(waiting));
  });

  it('is told with the hand-off that is under way', () => {
    const revision = { asked: 2, serving: 1 };
    const instance = { slot: 1, state: 'warming' as const, role: 'challenger' as const, ports: {} };
    const ready = service('app', { state: 'ready', revision, instances: [instance] });
    expect(describeOpen(ready)).toBe('app is ready: the old instance serves until the new one is ready');
    const draining = { ...ready, instances: [{ ...instance, role: 'retiring' as const }] };
    expect(describeOpen(draining)).toContain('has finished its requests');
    expect(describeOpen({ ...ready, revision: { asked: 2, serving: 2 } })).toBe('app is ready');
  });

  it('names each replica that is not up, whatever was seen of another one last', () => {
    const failure = { message: 'exited with code 1', log: [] };
    const short = service('app', {
      state: 'ready',
      instances: [
        { slot: 0, state: 'ready', role: 'serving', ports: {} },
        { slot: 1, state: 'backoff', role: 'serving', ports: {}, failure },
        { slot: 2, state: 'warming', role: 'serving', ports: {} },
      ],
    });
    expect(
      describeOpen(short, { name: 'app', needs: [], probe: { ago: 200, problem: 'connection refused' } }),
    ).toBe(
      'app is ready: 1 of 3 replicas ready; replica 1 is restarting: exited with code 1; replica 2 is starting',
    );
  });
});
