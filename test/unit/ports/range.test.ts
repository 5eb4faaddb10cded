import { describe, expect, it } from 'vitest';

import type { PortRange } from '../../../src/lib/port-range.ts';
import { findObjection, walkFrom, widthOf } from '../../../src/ports/range.ts';

const range: PortRange = { from: 100, to: 109, static: 3, exclude: [{ from: 105, to: 106 }] };

describe('the walk', () => {
  it('visits every number of the dynamic part once, upwards and around', () => {
    expect([...walkFrom(range, 107)]).toEqual([107, 108, 109, 103, 104, 105, 106]);
    expect(widthOf(range)).toBe(7);
  });

  it('is empty where every number is for pinned ports', () => {
    expect([...walkFrom({ ...range, static: 10 }, 107)]).toEqual([]);
    expect([...walkFrom({ ...range, static: 99 }, 107)]).toEqual([]);
  });
});

describe('an objection to a number', () => {
  const rules = { range, reservations: [{ port: 104, service: 'db' }, { port: 107 }] };

  it.each([
    [99, 'api', 'outside the range 100-109'],
    [110, 'api', 'outside the range 100-109'],
    [105, 'api', 'excluded'],
    [104, 'api', 'reserved for db'],
    [107, 'api', 'reserved'],
    [104, 'db', undefined],
    [108, 'api', undefined],
    // Pinned once, and still fine for the service that has it.
    [101, 'api', undefined],
  ])('to %i for %s is %s', (port, service, objection) => {
    expect(findObjection(rules, service, port)).toBe(objection);
  });

  it('needs a contract that says something', () => {
    expect(findObjection({ reservations: [] }, 'api', 1)).toBeUndefined();
  });
});
