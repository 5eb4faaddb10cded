import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { DEFAULT_BAND, allocateLeases, preferredNumber, walkFrom } from '../../../src/ports/allocate.ts';
import { BLOCKED_PORTS } from '../../../src/ports/blocked.ts';
import { addLeases, emptyLedger, putStack, type LedgerStack } from '../../../src/ports/ledger.ts';

const stackNamed = (slug: string): LedgerStack => ({
  root: `/src/${slug}`,
  environment: 'dev',
  workspace: slug,
  workspaceId: `id of ${slug}`,
  main: true,
  slug,
  index: 0,
  firstSeen: '2026-01-01T00:00:00.000Z',
});

const shop = stackNamed('shop');
const ports = [
  { service: 'api', port: 'http' },
  { service: 'web', port: 'http' },
];
const free = async (): Promise<boolean> => true;

describe('the preferred number', () => {
  it('is fixed: it is the promise that a lost ledger changes nothing', () => {
    expect(preferredNumber(DEFAULT_BAND, shop, ports[0]!)).toBe(27_774);
  });

  it('lies in the dynamic part of the band, and tells the parts of its name apart', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (workspaceId, slug, service, port) => {
        const number = preferredNumber(DEFAULT_BAND, { workspaceId, slug }, { service, port });
        expect(number).toBeGreaterThanOrEqual(20_128);
        expect(number).toBeLessThanOrEqual(29_999);
      }),
    );
    expect(preferredNumber(DEFAULT_BAND, shop, { service: 'ab', port: 'c' })).not.toBe(
      preferredNumber(DEFAULT_BAND, shop, { service: 'a', port: 'bc' }),
    );
  });
});

describe('the walk', () => {
  it('visits every number of the dynamic part once, upwards and around', () => {
    const band = { from: 100, to: 109, static: 3 };
    expect([...walkFrom(band, 107)]).toEqual([107, 108, 109, 103, 104, 105, 106]);
  });
});

describe('an allocation', () => {
  it('grants the preferred numbers where nothing is in the way', async () => {
    const { all, added } = await allocateLeases(emptyLedger, shop, ports, { isFree: free });
    expect(added).toEqual(all);
    expect(all.map((lease) => lease.number)).toEqual(
      ports.map((port) => preferredNumber(DEFAULT_BAND, shop, port)),
    );
  });

  it('walks past what is in use, leased by another or blocked by browsers', async () => {
    const band = { from: 6_660, to: 6_672, static: 0 };
    const other = { root: '/other', environment: 'dev', service: 'x', port: 'http', number: 6_661 };
    const ledger = addLeases(emptyLedger, [other]);
    const many = Array.from({ length: 6 }, (_, index) => ({ service: `s${index}`, port: 'http' }));
    const { all } = await allocateLeases(ledger, shop, many, {
      isFree: async (port) => port !== 6_662,
      band,
    });
    const granted = all.map(({ number }) => number).sort((left, right) => left - right);
    expect(granted).toEqual([6_660, 6_663, 6_664, 6_670, 6_671, 6_672]);
    expect(granted.some((port) => BLOCKED_PORTS.has(port))).toBe(false);
  });

  it('keeps what the stack has, also when it is in use', async () => {
    const first = await allocateLeases(emptyLedger, shop, ports, { isFree: free });
    const ledger = addLeases(putStack(emptyLedger, shop), first.added);
    const again = await allocateLeases(ledger, shop, [...ports, ports[0]!], { isFree: async () => false });
    expect(again).toEqual({ all: first.all, added: [] });
  });

  it('gives one number to a port that is asked for twice', async () => {
    const { all } = await allocateLeases(emptyLedger, shop, [ports[0]!, ports[0]!], { isFree: free });
    expect(all).toHaveLength(1);
  });

  it('grants numbers in a row, past whatever stands between', async () => {
    const band = { from: 20_000, to: 20_009, static: 0 };
    const other = { root: '/other', environment: 'dev', service: 'x', port: 'http', number: 20_002, span: 2 };
    const ledger = addLeases(emptyLedger, [other]);
    const wanted = [{ service: 'web', port: '80/tcp', span: 4, kept: true }];
    const { added } = await allocateLeases(ledger, shop, wanted, {
      isFree: async (port) => port !== 20_004,
      band,
    });
    expect(added).toMatchObject([{ number: 20_005, span: 4, kept: true }]);
    const crowded = addLeases(ledger, added);
    const two = { service: 'api', port: '80/tcp', span: 2 };
    const next = await allocateLeases(crowded, shop, [two], { isFree: free, band });
    expect(next.added).toMatchObject([{ number: 20_000, span: 2 }]);
    const three = { service: 'db', port: '80/tcp', span: 3 };
    await expect(allocateLeases(addLeases(crowded, next.added), shop, [three], { isFree: free, band }))
      .rejects //
      .toMatchObject({ message: 'no 3 ports in a row between 20000 and 20009 are free' });
  });

  it('moves a lease that became too narrow, and leaves one that is wider than asked', async () => {
    const narrow = await allocateLeases(emptyLedger, shop, [ports[0]!], { isFree: free });
    const held = addLeases(putStack(emptyLedger, shop), narrow.added);
    const wider = await allocateLeases(held, shop, [{ ...ports[0]!, span: 3 }], { isFree: free });
    expect(wider.added).toMatchObject([{ span: 3 }]);
    const ledger = addLeases(held, wider.added);
    expect(ledger.leases).toEqual(wider.added);
    const again = await allocateLeases(ledger, shop, [ports[0]!], { isFree: free });
    expect(again).toEqual({ all: wider.added, added: [] });
  });

  it('fails when the band is full', async () => {
    const band = { from: 20_000, to: 20_001, static: 1 };
    await expect(allocateLeases(emptyLedger, shop, ports, { isFree: free, band })).rejects.toMatchObject({
      code: 'NO_FREE_PORT',
      message: 'no port between 20001 and 20001 is free',
    });
  });
});
