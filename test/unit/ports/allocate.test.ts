import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  allocateLeases,
  moveLease,
  preferredNumber,
  type AllocateOptions,
  type Allocation,
  type PortRequest,
} from '../../../src/ports/allocate.ts';
import { BLOCKED_PORTS } from '../../../src/lib/blocked-ports.ts';
import {
  addLeases,
  emptyLedger,
  fenceNumbers,
  numbersOf,
  putLeases,
  putStack,
  removeStacks,
  type Ledger,
  type LedgerStack,
} from '../../../src/ports/ledger.ts';
import { DEFAULT_RANGE, type PortRange } from '../../../src/lib/port-range.ts';

const stackNamed = (slug: string, main = true): LedgerStack => ({
  root: `/src/${slug}`,
  environment: 'dev',
  workspace: slug,
  workspaceId: `id of ${slug}`,
  main,
  slug,
  index: 0,
  firstSeen: '2026-01-01T00:00:00.000Z',
});

const shop = stackNamed('shop');
const other = stackNamed('other');
const branch = stackNamed('shop-branch', false);
const api = { service: 'api', port: 'http' };
const web = { service: 'web', port: 'http' };
const ports = [api, web];
const range = (from: number, to: number, more: Partial<PortRange> = {}): PortRange => ({
  from,
  to,
  static: 0,
  exclude: [],
  ...more,
});
const free = async (): Promise<boolean> => true;
const freeBut =
  (...taken: number[]) =>
  async (port: number): Promise<boolean> =>
    !taken.includes(port);

/** Allocates and commits. */
async function grant(
  ledger: Ledger,
  stack: LedgerStack,
  asked: readonly PortRequest[],
  options: Partial<AllocateOptions> = {},
): Promise<Allocation & { ledger: Ledger; numbers: number[] }> {
  const known = ledger.stacks.includes(stack) ? ledger : putStack(ledger, stack);
  const allocation = await allocateLeases(known, stack, asked, { isFree: free, ...options });
  const numbers = allocation.leases.map(({ number }) => number);
  return { ...allocation, ledger: putLeases(known, stack, allocation.leases), numbers };
}

describe('the preferred number', () => {
  it('is fixed: it is the promise that a lost ledger changes nothing', () => {
    expect(preferredNumber(DEFAULT_RANGE, shop, api)).toBe(27_774);
  });

  it('lies in the dynamic part of the range, and tells the parts of its name apart', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (workspaceId, slug, service, port) => {
        const number = preferredNumber(DEFAULT_RANGE, { workspaceId, slug }, { service, port });
        expect(number).toBeGreaterThanOrEqual(20_128);
        expect(number).toBeLessThanOrEqual(29_999);
      }),
    );
    expect(preferredNumber(DEFAULT_RANGE, shop, { service: 'ab', port: 'c' })).not.toBe(
      preferredNumber(DEFAULT_RANGE, shop, { service: 'a', port: 'bc' }),
    );
  });

  // A hash alone collides: 10,000 slots give two of 50 the same number in 11.5 % of all cases.
  it('is no grant: with a ledger, ports that prefer the same number get different ones', async () => {
    const rules = { range: range(20_000, 20_499), reservations: [] };
    const many = Array.from({ length: 400 }, (_, index) => ({ service: `s${index}`, port: 'http' }));
    const preferred = new Set(many.map((port) => preferredNumber(rules.range, shop, port)));
    expect(preferred.size).toBeLessThan(400);
    const { numbers } = await grant(emptyLedger, shop, many, { rules });
    expect(new Set(numbers).size).toBe(400);
  });
});

describe('an allocation', () => {
  it('grants the preferred numbers where nothing is in the way', async () => {
    const { leases, added, numbers, notices } = await grant(emptyLedger, shop, ports);
    expect(added).toEqual(leases);
    expect(numbers).toEqual(ports.map((port) => preferredNumber(DEFAULT_RANGE, shop, port)));
    expect(notices).toEqual([]);
  });

  it('walks past what is in use, leased, excluded, reserved, fenced or blocked by browsers', async () => {
    const start = putStack(emptyLedger, other);
    const leased = addLeases(start, [{ ...other, service: 'x', port: 'http', number: 6_661 }]);
    const ledger = fenceNumbers(leased, other, [6_673]);
    const rules = {
      range: range(6_660, 6_676, { exclude: [{ from: 6_670, to: 6_671 }] }),
      reservations: [{ port: 6_672, service: 's0' }],
    };
    const many = Array.from({ length: 6 }, (_, index) => ({ service: `s${index}`, port: 'http' }));
    const { numbers } = await grant(ledger, shop, many, { rules, isFree: freeBut(6_662) });
    const granted = numbers.sort((left, right) => left - right);
    expect(granted).toEqual([6_660, 6_663, 6_664, 6_674, 6_675, 6_676]);
    expect(granted.some((port) => BLOCKED_PORTS.has(port))).toBe(false);
  });

  it('fails when checkouts have all, and is granted when one that is gone was forgotten', async () => {
    const rules = { range: range(20_000, 20_001), reservations: [] };
    const { ledger } = await grant(emptyLedger, other, [api, web], { rules });
    await expect(grant(ledger, shop, [api], { rules })).rejects.toMatchObject({
      code: 'NO_FREE_PORT',
      hint: expect.stringMatching(/^run "portramp clean" to forget checkouts that are gone/) as string,
    });
    const { numbers } = await grant(removeStacks(ledger, [other]), shop, [api], { rules });
    expect(numbers).toHaveLength(1);
  });

  it('keeps what the stack has, also when it is in use', async () => {
    const first = await grant(emptyLedger, shop, ports);
    const again = await grant(first.ledger, shop, [...ports, api], { isFree: async () => false });
    expect(again.leases).toEqual(first.leases);
    expect(again.added).toEqual([]);
    expect(again.ledger).toBe(first.ledger);
  });

  it('fails when the range is full, and grants nothing', async () => {
    const rules = { range: range(20_000, 20_001, { static: 1 }), reservations: [] };
    await expect(grant(emptyLedger, shop, ports, { rules })).rejects.toMatchObject({
      code: 'NO_FREE_PORT',
      message: 'no port between 20001 and 20001 is free',
    });
    const none = { range: range(20_000, 20_001, { static: 2 }), reservations: [] };
    await expect(grant(emptyLedger, shop, ports, { rules: none })).rejects.toMatchObject({
      message: 'the range 20000-20001 has no numbers besides the 2 for pinned ports',
    });
  });
});

describe('a range that was edited', () => {
  it('moves the numbers that it does not allow any more, says so, and counts it', async () => {
    const first = await grant(emptyLedger, shop, ports);
    const [before] = first.numbers;
    const rules = { range: range(21_000, 21_009), reservations: [] };
    const { leases, notices } = await grant(first.ledger, shop, ports, { rules });
    for (const lease of leases) {
      expect(lease.number).toBeGreaterThanOrEqual(21_000);
      expect(lease.number).toBeLessThanOrEqual(21_009);
      expect(lease.generation).toBe(2);
    }
    expect(notices[0]).toBe(
      `api.http moved from port ${before}, which is now outside the range 21000-21009, to ${leases[0]?.number}`,
    );
  });

  it('moves one that is now reserved for another service, and none when the contract names no range', async () => {
    const first = await grant(emptyLedger, shop, [api]);
    const number = first.numbers[0] ?? 0;
    const same = await grant(first.ledger, shop, [api], {
      rules: { reservations: [{ port: number, service: 'api' }] },
    });
    expect(same.numbers).toEqual([number]);
    const moved = await grant(first.ledger, shop, [api], { rules: { reservations: [{ port: number }] } });
    expect(moved.numbers).not.toEqual([number]);
    expect(moved.notices[0]).toContain('which is now reserved, to');
  });
});

describe('a pinned number', () => {
  const pinned = { ...api, static: 20_012 };

  it('is what the main checkout gets, used by somebody or not', async () => {
    const { leases, notices } = await grant(emptyLedger, shop, [pinned], { isFree: async () => false });
    expect(leases).toMatchObject([{ number: 20_012, static: 20_012 }]);
    expect(notices).toEqual([]);
  });

  it('is another one in a branch, which is told', async () => {
    const main = await grant(emptyLedger, shop, [pinned]);
    const { numbers, notices } = await grant(main.ledger, branch, [pinned]);
    expect(numbers).toEqual([preferredNumber(DEFAULT_RANGE, branch, api)]);
    expect(notices).toEqual([
      `api.http is pinned to port 20012 in the main checkout; here it has ${numbers[0]}`,
    ]);
  });

  it('is not taken from another stack; when that is gone the next start gets it, a running one does not', async () => {
    const first = await grant(emptyLedger, other, [pinned]);
    const second = await grant(first.ledger, shop, [pinned]);
    const [instead] = second.numbers;
    expect(instead).not.toBe(20_012);
    expect(second.notices[0]).toBe(
      `api.http is pinned to port 20012, which api of other (/src/other) has; here it has ${instead}`,
    );
    const alone = { ...second.ledger, leases: second.ledger.leases.filter(({ root }) => root === shop.root) };
    const running = await grant(alone, shop, [pinned], { running: true });
    expect(running.numbers).toEqual([instead]);
    const started = await grant(alone, shop, [pinned]);
    expect(started.leases).toMatchObject([{ number: 20_012, generation: 2 }]);
  });

  it('takes effect in a running stack when the contract is edited, and swaps', async () => {
    const first = await grant(emptyLedger, shop, [
      { ...api, static: 20_010 },
      { ...web, static: 20_011 },
    ]);
    const swapped = await grant(
      first.ledger,
      shop,
      [
        { ...api, static: 20_011 },
        { ...web, static: 20_010 },
      ],
      { running: true },
    );
    expect(swapped.numbers).toEqual([20_011, 20_010]);
    expect(swapped.ledger.leases).toHaveLength(2);
    const displaced = await grant(swapped.ledger, shop, [{ ...api, static: 20_010 }, web], { running: true });
    expect(displaced.numbers[0]).toBe(20_010);
    expect(displaced.notices[0]).toContain('web.http moved from port 20010, which is now pinned for another');
  });

  it('is nobody else’s by chance, also while the stack rests', async () => {
    const rules = { range: range(20_000, 20_001), reservations: [] };
    const pins = fenceNumbers(putStack(emptyLedger, other), other, [20_000]);
    const { numbers } = await grant(pins, shop, [api], { rules });
    expect(numbers).toEqual([20_001]);
    await expect(grant(pins, shop, ports, { rules })).rejects.toMatchObject({ code: 'NO_FREE_PORT' });
  });
});

describe('a lease that is moved', () => {
  it('gets another number and the next generation; nothing else moves', async () => {
    const first = await grant(emptyLedger, shop, ports);
    const [lease] = first.leases;
    const moved = await moveLease(first.ledger, shop, lease!, { isFree: free });
    expect(moved).toMatchObject({ ...api, generation: 2 });
    expect(moved.number).toBe((lease?.number ?? 0) + 1);
    const ledger = putLeases(first.ledger, shop, [moved]);
    expect(ledger.leases).toHaveLength(2);
    const again = await moveLease(ledger, shop, moved, { isFree: free });
    expect(again.generation).toBe(3);
  });

  it('is kept while the stack runs, and by a pinned port until the next start', async () => {
    const pinned = { ...api, static: 20_012 };
    const first = await grant(emptyLedger, shop, [pinned]);
    const moved = await moveLease(first.ledger, shop, first.leases[0]!, { isFree: free });
    const ledger = putLeases(first.ledger, shop, [moved]);
    expect((await grant(ledger, shop, [pinned], { running: true })).leases).toEqual([moved]);
    expect((await grant(ledger, shop, [pinned])).numbers).toEqual([20_012]);
  });
});

describe('numbers in a row', () => {
  const rules = { range: range(20_000, 20_009), reservations: [] };
  const of = (service: string, span: number) => ({ service, port: '80/tcp', span });

  it('are found past whatever stands between', async () => {
    const start = addLeases(putStack(emptyLedger, other), [
      { ...other, service: 'x', port: 'http', number: 20_002, span: 2 },
    ]);
    const isFree = freeBut(20_004);
    const four = await grant(start, shop, [of('web', 4)], { rules, isFree });
    expect(four.leases).toMatchObject([{ number: 20_005, span: 4 }]);
    const two = await grant(four.ledger, shop, [of('api', 2)], { rules, isFree });
    expect(two.leases).toMatchObject([{ number: 20_000, span: 2 }]);
    await expect(grant(two.ledger, shop, [of('db', 3)], { rules, isFree })).rejects.toThrow(
      'no 3 ports in a row between 20000 and 20009 are free',
    );
  });

  it('begin where the first was when more are needed, although that one is in use, and stay when fewer are', async () => {
    const one = await grant(emptyLedger, shop, [of('web', 1)]);
    const [number = 0] = one.numbers;
    const three = await grant(one.ledger, shop, [of('web', 3)], { isFree: freeBut(number) });
    expect(three.leases).toMatchObject([{ number, span: 3 }]);
    expect(three.notices).toEqual([]);
    expect(three.ledger.leases).toEqual(three.leases);
    const again = await grant(three.ledger, shop, [of('web', 1)]);
    expect(again).toMatchObject({ leases: three.leases, added: [] });
  });
});

describe('any sequence of requests', () => {
  const stacks = [shop, other, branch];
  const pinned = fc.record({
    service: fc.constantFrom('a', 'b', 'c'),
    port: fc.constant('http'),
    static: fc.option(fc.integer({ min: 30, max: 35 }), { nil: undefined }),
  });
  const replicated = fc.record({
    service: fc.constantFrom('d', 'e'),
    port: fc.constant('http'),
    span: fc.integer({ min: 1, max: 4 }),
    kept: fc.boolean(),
  });
  const request: fc.Arbitrary<PortRequest> = fc.oneof(pinned, replicated);
  const turn = fc.record({
    stack: fc.integer({ min: 0, max: 2 }),
    ports: fc.array(request, { maxLength: 4 }),
    running: fc.boolean(),
    from: fc.integer({ min: 20, max: 40 }),
  });

  it('never leaves one number with two owners or a port without one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { maxLength: 12 }), async (turns) => {
        let ledger: Ledger = stacks.reduce(putStack, emptyLedger);
        for (const { stack, ports: asked, running, from } of turns) {
          const who = stacks[stack]!;
          const rules = { range: range(from, from + 12), reservations: [] };
          const result = await grant(ledger, who, asked, { rules, running }).catch(() => undefined);
          if (result === undefined) continue;
          ({ ledger } = result);
          const numbers = ledger.leases.flatMap(numbersOf);
          expect(new Set(numbers).size).toBe(numbers.length);
          for (const port of asked) {
            const own = ledger.leases.filter(
              (lease) => lease.root === who.root && lease.service === port.service,
            );
            expect(own).toHaveLength(1);
            const last = asked.findLast(({ service }) => service === port.service);
            expect(own[0]?.span ?? 1).toBeGreaterThanOrEqual(last?.span ?? 1);
          }
        }
      }),
    );
  });
});

describe('a range that became wider', () => {
  it('says so when its number moves', async () => {
    const first = await grant(emptyLedger, shop, [api]);
    const [number = 0] = first.numbers;
    const isFree = freeBut(number + 1);
    const { notices, numbers } = await grant(first.ledger, shop, [{ ...api, span: 3 }], { isFree });
    expect(numbers[0]).not.toBe(number);
    expect(notices).toEqual([
      `api.http moved from port ${number} to ${numbers[0]}, where 3 in a row are free`,
    ]);
  });
});
