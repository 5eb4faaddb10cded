import { describe, expect, it } from 'vitest';

import { nameStack, type Naming } from '../../../src/daemon/names.ts';
import { addLeases, emptyLedger, setHosts, type Ledger, type LedgerKey } from '../../../src/ports/ledger.ts';
import type { StackClaim } from '../../../src/protocol/messages.ts';

const shop: StackClaim = {
  root: '/src/shop',
  environment: 'dev',
  workspace: 'shop',
  workspaceId: 'id of shop',
  main: true,
  branch: 'main',
};
const feature: StackClaim = { ...shop, root: '/src/shop-auth', main: false, branch: 'feature/auth' };
const clone: StackClaim = { ...shop, root: '/other/shop', workspaceId: 'id of the clone' };

const alive = (): boolean => true;
const facts = { isAlive: alive, now: '2026-01-01T00:00:00.000Z' };
const name = (ledger: Ledger, claim: StackClaim, isAlive: (key: LedgerKey) => boolean = alive): Naming =>
  nameStack(ledger, claim, undefined, { ...facts, isAlive });

describe('a name', () => {
  it('is the workspace for the main checkout, and workspace-branch for a worktree', () => {
    const first = name(emptyLedger, shop);
    const second = name(first.ledger, feature);
    expect([first.stack.slug, second.stack.slug]).toEqual(['shop', 'shop-feature-auth']);
    expect([first.stack.index, second.stack.index]).toEqual([0, 1]);
    expect(first.notices).toEqual([]);
  });

  it('does not move with the branch', () => {
    const first = name(emptyLedger, feature);
    const later = name(first.ledger, { ...feature, branch: 'bugfix/auth' });
    expect(later.stack).toMatchObject({ slug: 'shop-feature-auth', branch: 'bugfix/auth' });
    expect(later.ledger.stacks).toEqual([later.stack]);
    expect(name(later.ledger, { ...feature, branch: 'bugfix/auth' }).ledger).toBe(later.ledger);
  });

  it('does not move with the workspace either, which is said', () => {
    const first = name(emptyLedger, shop);
    const later = name(first.ledger, { ...shop, workspace: 'store' });
    expect(later.stack.slug).toBe('shop');
    expect(later.notices).toHaveLength(1);
  });

  it('is different in another environment of the same checkout', () => {
    const first = name(emptyLedger, shop);
    const test = name(first.ledger, { ...shop, environment: 'test' });
    expect(test.stack).toMatchObject({ slug: 'shop-test', index: 1 });
  });

  it('stays with the earlier clone; the later one gets a hash of its path and is told', () => {
    const first = name(emptyLedger, shop);
    const second = name(first.ledger, clone);
    expect(second.stack.slug).toMatch(/^shop-[0-9a-f]{6}$/);
    expect(second.stack.index).toBe(0);
    expect(second.notices).toEqual([
      `the name "shop" belongs to /src/shop; this stack is "${second.stack.slug}"`,
    ]);
    expect(name(second.ledger, clone).stack.slug).toBe(second.stack.slug);
  });

  it('is free again when the earlier checkout is gone, with all that it held', () => {
    const first = name(emptyLedger, shop);
    const lease = { root: shop.root, environment: 'dev', service: 'api', port: 'http', number: 20_500 };
    const second = name(addLeases(first.ledger, [lease]), clone, (key) => key.root !== shop.root);
    expect(second.stack.slug).toBe('shop');
    expect(second.ledger.stacks).toEqual([second.stack]);
    expect(second.ledger.leases).toEqual([]);
  });

  it('is not one under which another stack already has a host', () => {
    const first = name(emptyLedger, shop);
    const ledger = setHosts(first.ledger, shop, ['admin.api.localhost']);
    const api = name(ledger, { ...clone, workspace: 'api' });
    expect(api.stack.slug).toMatch(/^api-[0-9a-f]{6}$/);
    expect(api.notices).toEqual([
      `the name "api" belongs to a host name of another stack; this stack is "${api.stack.slug}"`,
    ]);
  });

  it('gives the lowest free index of the workspace', () => {
    const one = name(emptyLedger, shop);
    const two = name(one.ledger, feature);
    const without = { ...two.ledger, stacks: two.ledger.stacks.filter((stack) => stack.root !== shop.root) };
    expect(name(without, { ...feature, root: '/src/third', branch: 'third' }).stack.index).toBe(0);
  });

  it.each(['a.b', 'ä', '-', '', 'a b'])('is refused for the workspace %j', (workspace) => {
    expect(() => name(emptyLedger, { ...shop, workspace })).toThrow(
      expect.objectContaining({ code: 'BAD_MESSAGE' }),
    );
  });
});

describe('a runner that comes back after the ledger was lost', () => {
  const leaseOf = (number: number) => ({ service: 'api', port: 'http', number });
  const held = { slug: 'shop-old', index: 3, leases: [leaseOf(20_500)] };

  it('gets what it held', () => {
    const { stack, ledger, notices } = nameStack(emptyLedger, shop, held, facts);
    expect(stack).toMatchObject({ slug: 'shop-old', index: 3 });
    expect(ledger.leases).toEqual([
      { root: shop.root, environment: 'dev', service: 'api', port: 'http', number: 20_500 },
    ]);
    expect(notices).toEqual([]);
  });

  it('does not get what somebody else has by now', () => {
    const other = nameStack(emptyLedger, clone, held, facts);
    const { stack, ledger } = nameStack(
      other.ledger,
      { ...shop, workspaceId: clone.workspaceId },
      held,
      facts,
    );
    expect(stack).toMatchObject({ slug: 'shop', index: 0 });
    expect(ledger.leases).toEqual(other.ledger.leases);
  });

  it('says where its services listen: what was borrowed or given back without a daemon', () => {
    const first = nameStack(emptyLedger, shop, held, facts);
    const lent = { ...held, leases: [{ ...leaseOf(20_500), borrowed: 5173 }] };
    const second = nameStack(first.ledger, shop, lent, facts);
    expect(second.ledger.leases).toEqual([expect.objectContaining({ number: 20_500, borrowed: 5173 })]);
    expect(nameStack(second.ledger, shop, held, facts).ledger.leases).toEqual(first.ledger.leases);
  });

  it('borrows nothing that somebody else has by now', () => {
    const other = nameStack(emptyLedger, clone, { ...held, leases: [leaseOf(5173)] }, facts);
    const first = nameStack(other.ledger, shop, { ...held, slug: 'shop-x' }, facts);
    const lent = { ...held, leases: [{ ...leaseOf(20_500), borrowed: 5173 }] };
    expect(nameStack(first.ledger, shop, lent, facts).ledger).toBe(first.ledger);
    expect(nameStack(other.ledger, shop, lent, facts).ledger.leases).toEqual([
      ...other.ledger.leases,
      { root: shop.root, environment: 'dev', ...leaseOf(20_500) },
    ]);
  });

  it('changes nothing when the ledger is intact', () => {
    const first = nameStack(emptyLedger, shop, held, facts);
    expect(nameStack(first.ledger, shop, held, facts).ledger).toBe(first.ledger);
  });
});
