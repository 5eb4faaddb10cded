import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  addLeases,
  emptyLedger,
  fenceNumbers,
  findStack,
  keepLeases,
  ledgerSchema,
  leasesOf,
  putLeases,
  putStack,
  removeStacks,
  setHosts,
  workspaceOf,
  type Ledger,
  type LedgerStack,
} from '../../../src/ports/ledger.ts';

const stackAt = (root: string, environment = 'dev'): LedgerStack => ({
  root,
  environment,
  workspace: 'shop',
  workspaceId: 'id',
  main: true,
  slug: `${root.slice(1)}-${environment}`,
  index: 0,
  firstSeen: '2026-01-01T00:00:00.000Z',
});

const a = stackAt('/a');
const b = stackAt('/b');
const leaseOf = (stack: LedgerStack, service: string, number: number) => ({
  root: stack.root,
  environment: stack.environment,
  service,
  port: 'http',
  number,
});

function sample(): Ledger {
  const named = putStack(putStack(emptyLedger, a), b);
  const leased = addLeases(named, [leaseOf(a, 'api', 1), leaseOf(a, 'web', 2), leaseOf(b, 'api', 3)]);
  return setHosts(setHosts(leased, a, ['api.a.localhost', 'api.localhost']), b, ['api.b.localhost']);
}

describe('leases of one port', () => {
  it('leave the other ports of the service alone, and say so when nothing changes', () => {
    const debug = { ...leaseOf(a, 'api', 9), port: 'debug' };
    const before = addLeases(sample(), [debug]);
    const after = putLeases(before, a, [leaseOf(a, 'api', 7)]);
    expect(leasesOf(after, a).map(({ service, port, number }) => [service, port, number])).toEqual([
      ['web', 'http', 2],
      ['api', 'debug', 9],
      ['api', 'http', 7],
    ]);
    expect(putLeases(before, a, [debug])).toBe(before);
  });

  it('never take a number that another stack has', () => {
    expect(() => putLeases(sample(), a, [leaseOf(a, 'api', 3)])).toThrow('port 3 would have two owners');
  });
});

describe('the ledger', () => {
  it('tells stacks apart by root and environment', () => {
    const ledger = putStack(putStack(emptyLedger, a), stackAt('/a', 'test'));
    expect(findStack(ledger, a)?.slug).toBe('a-dev');
    expect(findStack(ledger, { root: '/a', environment: 'test' })?.slug).toBe('a-test');
    expect(putStack(ledger, { ...a, index: 7 }).stacks).toHaveLength(2);
  });

  it('forgets a stack with all that it holds, and nothing else', () => {
    const ledger = removeStacks(sample(), [a]);
    expect(ledger.stacks).toEqual([b]);
    expect(ledger.leases).toEqual([leaseOf(b, 'api', 3)]);
    expect(Object.keys(ledger.hosts)).toEqual(['api.b.localhost']);
  });

  it('keeps what a workspace shares until its last stack is forgotten', () => {
    const before = addLeases(sample(), [leaseOf(workspaceOf(a), 'db', 9)]);
    const one = removeStacks(before, [a]);
    expect(leasesOf(one, workspaceOf(b))).toEqual([leaseOf(workspaceOf(a), 'db', 9)]);
    expect(removeStacks(one, [b])).toEqual(emptyLedger);
    const test = putStack(before, stackAt('/a', 'test'));
    expect(leasesOf(removeStacks(test, [a, b]), workspaceOf(a))).toEqual([]);
  });

  it('releases leases of ports that are no longer there', () => {
    const before = sample();
    const ledger = keepLeases(before, a, [{ service: 'api', port: 'http' }]);
    expect(leasesOf(ledger, a)).toEqual([leaseOf(a, 'api', 1)]);
    expect(leasesOf(ledger, b)).toHaveLength(1);
    expect(keepLeases(ledger, a, [{ service: 'api', port: 'http' }])).toBe(ledger);
  });

  it('keeps leases that outlive the runner', () => {
    const kept = { ...leaseOf(a, 'db', 7), kept: true };
    const ledger = addLeases(sample(), [kept]);
    expect(leasesOf(keepLeases(ledger, a, []), a)).toEqual([kept]);
  });

  it('replaces the hosts of one stack', () => {
    const before = sample();
    const ledger = setHosts(before, a, ['web.a.localhost', 'api.localhost']);
    expect(Object.keys(ledger.hosts).sort()).toEqual(['api.b.localhost', 'api.localhost', 'web.a.localhost']);
    expect(setHosts(ledger, a, ['api.localhost', 'web.a.localhost'])).toBe(ledger);
    expect(setHosts(ledger, a, ['web.a.localhost']).hosts['api.localhost']).toBeUndefined();
  });

  it('survives JSON, whatever the names', () => {
    const text = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(
        text,
        text,
        text,
        fc.integer({ min: 1, max: 65_535 }),
        (root, environment, service, number) => {
          const stack = stackAt(`/${root}`, environment);
          const ledger = addLeases(putStack(emptyLedger, stack), [leaseOf(stack, service, number)]);
          expect(ledgerSchema.parse(JSON.parse(JSON.stringify(ledger)))).toEqual(ledger);
        },
      ),
    );
  });
});

it('numbers that are fenced are kept sorted, once each, and change nothing where they are so already', () => {
  const before = putStack(emptyLedger, a);
  const fenced = fenceNumbers(before, a, [3, 1, 3]);
  expect(findStack(fenced, a)?.fenced).toEqual([1, 3]);
  expect(fenceNumbers(fenced, a, [1, 3])).toBe(fenced);
  expect(fenceNumbers(before, a, [])).toBe(before);
  expect(fenceNumbers(before, b, [1])).toBe(before);
  expect(findStack(fenceNumbers(fenced, a, []), a)?.fenced).toEqual([]);
});
