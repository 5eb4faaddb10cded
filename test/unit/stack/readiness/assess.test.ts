/** What a running process is worth, by the facts and the time alone. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  assess,
  ALONE,
  FIRST,
  DOUBT,
  GONE,
  LATE,
  REST,
  SILENCE,
  type Facts,
  type PortFacts,
  type ProbeFacts,
} from '../../../../src/stack/readiness/assess.ts';

const port: PortFacts = {
  name: 'http',
  number: 20_001,
  implicit: true,
  listens: false,
  since: 0,
  listened: false,
};
const facts: Facts = { begun: 0, probe: { state: 'none' }, port, patience: SILENCE };
const kindAt = (change: Partial<Facts>, now: number): string =>
  assess({ ...facts, ...change }, now).verdict.kind;

describe('a service is ready', () => {
  it.each<[string, Partial<Facts>, string]>([
    ['without a probe, when its port listens', { port: { ...port, listens: true, listened: true } }, 'ready'],
    ['without a probe and a silent port, never', {}, 'starting'],
    ['without anything to answer, at once', { port: undefined }, 'ready'],
    ['with a probe that is open, not yet', { probe: { state: 'open' }, port: undefined }, 'starting'],
    [
      'with a probe that said so and no port',
      { probe: { state: 'well', since: 0 }, port: undefined },
      'ready',
    ],
    [
      'with a probe that said so and a silent port, not yet',
      { probe: { state: 'well', since: 0 } },
      'starting',
    ],
    [
      'with a probe that is open beside a port that listens, not yet',
      { probe: { state: 'open' }, port: { ...port, listens: true, listened: true } },
      'starting',
    ],
    [
      'never while its probe fails',
      { probe: { state: 'failing', problem: '500' }, port: undefined },
      'unwell',
    ],
  ])('%s', (_, change, kind) => expect(kindAt(change, 1)).toBe(kind));
});

describe('a service that has nothing to answer', () => {
  it('is ready by running, after a failure once that is longer than the attempt before it', () => {
    const again = { port: undefined, provenAt: 2_400 };
    expect(assess({ ...facts, ...again }, 1_400)).toEqual({ verdict: { kind: 'starting' }, again: 1_000 });
    expect(kindAt(again, 2_400)).toBe('ready');
    // What answers, and what its probe says, tell more.
    const optional: PortFacts = { ...port, optional: true };
    const well: ProbeFacts = { state: 'well', since: 0 };
    for (const change of [{ port: { ...port, listens: true } }, { probe: well, port: optional }])
      expect(kindAt({ provenAt: 2_400, ...change }, 1)).toBe('ready');
  });
});

describe('a silent service', () => {
  it('is running after its patience, counted from what its probe said', () => {
    expect(kindAt({}, SILENCE - 1)).toBe('starting');
    expect(kindAt({}, SILENCE)).toBe('silent');
    const probe: ProbeFacts = { state: 'well', since: 10_000 };
    expect(kindAt({ probe }, SILENCE + 9_999)).toBe('starting');
    expect(kindAt({ probe }, SILENCE + 10_000)).toBe('silent');
  });

  it('is never running where the contract says when it is late', () => {
    expect(assess({ ...facts, patience: undefined }, 1e9)).toEqual({ verdict: { kind: 'starting' } });
  });

  it('holds up its consumers longer where the contract promises the port', () => {
    const passable = (implicit: boolean, now: number): unknown => {
      const { verdict } = assess({ ...facts, port: { ...port, implicit } }, now);
      return verdict.kind === 'silent' && verdict.passable;
    };
    expect(passable(true, SILENCE)).toBe(true);
    expect(passable(false, SILENCE)).toBe(false);
    expect(passable(false, LATE - 1)).toBe(false);
    expect(passable(false, LATE)).toBe(true);
  });
});

describe('a silent service that computes', () => {
  const busy = { workedAt: SILENCE - 1_000 };

  it('is starting until it rests', () => {
    expect(assess({ ...facts, ...busy }, SILENCE)).toEqual({
      verdict: { kind: 'starting' },
      again: REST - 1_000,
    });
    expect(assess({ ...facts, ...busy }, SILENCE - 1_000 + REST)).toEqual({
      verdict: { kind: 'silent', port, passable: true },
    });
  });

  it('is running after a minute all the same, and told to compute', () => {
    expect(assess({ ...facts, workedAt: LATE - 10 }, LATE - 1)).toEqual({
      verdict: { kind: 'starting' },
      again: 1,
    });
    expect(assess({ ...facts, workedAt: LATE - 10 }, LATE)).toEqual({
      verdict: { kind: 'silent', port, passable: true, busy: true },
      again: REST - 10,
    });
  });

  it('is no less silent where it has never opened a port', () => {
    expect(kindAt({ patience: 2_000 }, 2_000)).toBe('silent');
  });

  it('below a watcher that compiles first is not alone, for a minute', () => {
    const tree = { watcher: 'nest', aloneSince: 0, isSlow: true, hadChild: false };
    expect(kindAt({ tree, ...busy }, SILENCE + 1)).toBe('starting');
    expect(kindAt({ tree, ...busy }, SILENCE - 1_000 + REST)).toBe('unwell');
    expect(kindAt({ tree, workedAt: LATE }, LATE)).toBe('unwell');
    expect(kindAt({ tree: { ...tree, isSlow: false }, ...busy }, SILENCE)).toBe('starting');
    expect(kindAt({ tree: { ...tree, isSlow: false } }, FIRST)).toBe('unwell');
    expect(kindAt({ tree: { ...tree, hadChild: true }, ...busy }, SILENCE)).toBe('unwell');
  });
});

describe('a port that listened and is gone', () => {
  const gone = { port: { ...port, listened: true, since: 1_000 } };

  it('may be back in a moment', () => {
    expect(kindAt(gone, 1_000 + GONE - 1)).toBe('ready');
    expect(kindAt(gone, 1_000 + GONE)).toBe('unwell');
  });

  it('is misplaced when it has listened elsewhere for long enough', () => {
    const moved = { ...gone, elsewhere: { numbers: [3000], since: 1_000, leases: [] } };
    expect(assess({ ...facts, ...moved }, 1_000 + GONE)).toMatchObject({
      verdict: { kind: 'unwell' },
      again: DOUBT - GONE,
    });
    expect(kindAt(moved, 1_000 + DOUBT)).toBe('misplaced');
    expect(kindAt({ ...moved, probe: { state: 'well', since: 0 } }, 1_000 + DOUBT)).toBe('misplaced');
  });
});

describe('a watcher', () => {
  const tree = { watcher: 'nodemon', aloneSince: 1_000, isSlow: false, hadChild: true };
  const well = { probe: { state: 'well', since: 0 }, port: undefined } as const;

  it.each<[string, Partial<Facts>, number, string]>([
    ['may be alone between two children', { ...well, tree }, 1_000 + ALONE - 1, 'ready'],
    ['that stays alone is unwell, whatever the probe said', { ...well, tree }, 1_000 + ALONE, 'unwell'],
    ['that stays alone is unwell before it was ready too', { tree }, 1_000 + ALONE, 'unwell'],
    [
      'that has a child is what the child is',
      { tree: { ...tree, aloneSince: undefined } },
      9_000,
      'starting',
    ],
    ['that has just begun has more time', { tree: { ...tree, hadChild: false } }, 999 + FIRST, 'starting'],
    [
      'that never began anything is unwell too',
      { tree: { ...tree, hadChild: false } },
      1_000 + FIRST,
      'unwell',
    ],
    [
      'that compiles first has more time',
      { tree: { ...tree, isSlow: true, hadChild: false } },
      9_000,
      'starting',
    ],
    [
      'that compiles first has none after its first child',
      { tree: { ...tree, isSlow: true } },
      2_000,
      'unwell',
    ],
    [
      'is not asked where something listens',
      { tree, port: { ...port, listens: true, listened: true } },
      9_000,
      'ready',
    ],
  ])('%s', (_, change, now, kind) => expect(kindAt(change, now)).toBe(kind));
});

describe('whatever the facts are', () => {
  const ports = fc.option(
    fc.record({
      name: fc.constant('http'),
      number: fc.constant(1),
      implicit: fc.boolean(),
      listens: fc.boolean(),
      since: fc.nat(100_000),
      listened: fc.boolean(),
    }),
    { nil: undefined },
  );
  const probes = fc.oneof<fc.Arbitrary<ProbeFacts>[]>(
    fc.constant({ state: 'none' }),
    fc.constant({ state: 'open' }),
    fc.record({ state: fc.constant('well'), since: fc.nat(100_000) }),
    fc.constant({ state: 'failing', problem: 'x' }),
  );
  const trees = fc.option(
    fc.record({
      watcher: fc.constant('nodemon'),
      aloneSince: fc.option(fc.nat(100_000), { nil: undefined }),
      isSlow: fc.boolean(),
      hadChild: fc.boolean(),
    }),
    { nil: undefined },
  );
  const all = fc.record({
    begun: fc.nat(100_000),
    probe: probes,
    port: ports,
    tree: trees,
    patience: fc.option(fc.nat(60_000), { nil: undefined }),
  });

  it('stays what it is until the time that it names, and a clock that is late changes nothing', () => {
    fc.assert(
      fc.property(all, fc.nat(300_000), fc.nat(100_000), (given, now, late) => {
        const { verdict, again } = assess(given, now);
        if (again === undefined) expect(assess(given, now + late).verdict).toEqual(verdict);
        else {
          expect(again).toBeGreaterThan(0);
          expect(assess(given, now + again - 1).verdict).toEqual(verdict);
          expect(assess(given, now + again).verdict).not.toEqual(verdict);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('is never called ready without its port, but for the moment that it may be gone', () => {
    fc.assert(
      fc.property(all, fc.nat(300_000), (given, now) => {
        const { verdict } = assess(given, now);
        if (verdict.kind !== 'ready' || given.port === undefined || given.port.listens) return;
        expect(given.port.listened).toBe(true);
        expect(now - given.port.since).toBeLessThan(GONE);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a service that listens elsewhere', () => {
  const elsewhere = { numbers: [3000], since: 1_000, leases: [] };
  const at = (change: Partial<Facts>, now: number): (string | boolean)[] => {
    const { verdict, isElsewhere = false } = assess({ ...facts, elsewhere, ...change }, now);
    return [verdict.kind, isElsewhere];
  };

  it.each<[string, Partial<Facts>, (string | boolean)[]]>([
    ['is misplaced', {}, ['misplaced', true]],
    [
      'is misplaced by a probe that asks the port',
      { probe: { state: 'open', onPort: true } },
      ['misplaced', true],
    ],
    [
      'is on its way by any other probe, and can be followed',
      { probe: { state: 'open' } },
      ['starting', true],
    ],
    [
      'is ready where its port need not be there, and can be followed',
      { port: { ...port, optional: true } },
      ['ready', true],
    ],
    ['can be followed from a port that is gone', { port: { ...port, listened: true } }, ['misplaced', true]],
    ['is where it should be', { port: { ...port, listens: true, listened: true } }, ['ready', false]],
  ])('%s', (_what, change, expected) => {
    expect(at(change, 6_000)).toEqual(expected);
  });

  it('is believed to after 5 s, or what else is ordinary, and looked at again then', () => {
    expect(at({}, 5_999)).toEqual(['starting', false]);
    expect(assess({ ...facts, elsewhere }, 5_000).again).toBe(1_000);
    expect(at({ doubt: 1_000 }, 2_000)).toEqual(['misplaced', true]);
  });
});
