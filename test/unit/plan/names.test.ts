import { describe, expect, it } from 'vitest';

import { identOf, longHost, shortHost, slugCandidates, type NameClaim } from '../../../src/plan/names.ts';

const claim = (changes: Partial<NameClaim> = {}): NameClaim => ({
  workspace: 'shop',
  root: '/home/me/shop',
  main: true,
  branch: 'main',
  environment: 'dev',
  ...changes,
});
const preferred = (changes: Partial<NameClaim>): string | undefined => slugCandidates(claim(changes))[0];
const worktree = (branch: string | undefined): string | undefined => preferred({ main: false, branch });

describe('slugs', () => {
  it('are the workspace for the main checkout, whatever its branch', () => {
    expect(preferred({})).toBe('shop');
    expect(preferred({ branch: 'feature/x' })).toBe('shop');
    expect(preferred({ branch: undefined })).toBe('shop');
  });

  it.each([
    ['checkout-v2', 'shop-checkout-v2'],
    ['feature/auth', 'shop-feature-auth'],
    ['bugfix/auth', 'shop-bugfix-auth'],
    ['Feature/ABC_123', 'shop-feature-abc-123'],
    ['café', 'shop-cafe'],
    ['--x--', 'shop-x'],
    ['main', 'shop-main'],
  ])('say the branch of a worktree: %s', (branch, slug) => {
    expect(worktree(branch)).toBe(slug);
  });

  it.each(['功能', 'привет/мир', undefined, '/', '___'])(
    'are a hash where nothing is readable: %s',
    (branch) => {
      expect(worktree(branch)).toMatch(/^shop-[0-9a-f]{6}$/);
      const elsewhere = slugCandidates(claim({ main: false, branch, root: '/elsewhere' }));
      expect(elsewhere[0]).not.toBe(worktree(branch));
    },
  );

  it('say the environment unless it is the default', () => {
    expect(preferred({ environment: 'test' })).toBe('shop-test');
    expect(preferred({ environment: 'test', main: false, branch: 'a' })).toBe('shop-a-test');
  });

  it('are cut at 63 with a hash that keeps them apart', () => {
    const long = 'x'.repeat(80);
    const [a, b] = [worktree(`${long}a`), worktree(`${long}b`)];
    expect(a).toHaveLength(63);
    expect(a).toMatch(/^shop-x+-[0-9a-f]{6}$/);
    expect(a).not.toBe(b);
    expect(preferred({ workspace: 'w'.repeat(63), environment: 'test' })).toHaveLength(63);
  });

  it('come with others that nobody else has', () => {
    const mine = slugCandidates(claim());
    expect(mine).toHaveLength(4);
    expect(mine[1]).toMatch(/^shop-[0-9a-f]{6}$/);
    expect(mine[2]).toMatch(/^shop-[0-9a-f]{12}$/);
    expect(slugCandidates(claim())).toEqual(mine);
    const clone = slugCandidates(claim({ root: '/home/me/shop2' }));
    expect(clone[0]).toBe(mine[0]);
    expect(mine.slice(1)).not.toContain(clone[1]);
  });
});

describe('identifiers', () => {
  it('are slugs without hyphens', () => {
    expect(identOf('shop')).toBe('shop');
    expect(identOf('shop-a-b')).toBe('shop_a_b');
  });

  it('have at most 40 characters and stay unique', () => {
    const slug = `shop-${'x'.repeat(58)}`;
    expect(identOf(slug)).toHaveLength(40);
    expect(identOf(slug)).toMatch(/^[a-z0-9_]+$/);
    expect(identOf(slug)).not.toBe(identOf(`${slug.slice(0, -1)}y`));
  });
});

it('host names', () => {
  expect(longHost('api', 'shop-x')).toBe('api.shop-x.localhost');
  expect(shortHost('api')).toBe('api.localhost');
});

it('an identifier of 40 characters is the name itself, a longer one is cut', () => {
  expect(identOf('a'.repeat(40))).toBe('a'.repeat(40));
  expect(identOf('a'.repeat(41))).toMatch(/^a{31}_[0-9a-f]{8}$/);
});
