/** Two `dev` at one step: the second claims and leases while the ledger is being written for the first, at each step of that. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createSessions } from '../../../src/daemon/sessions.ts';
import { createStacks, type Stacks } from '../../../src/daemon/stacks.ts';
import { openLedger, type LedgerFile } from '../../../src/ports/ledger-file.ts';
import type { StackClaim } from '../../../src/protocol/messages.ts';
import { arm, disarm } from '../faults.ts';
import { createManualClock } from '../manual-clock.ts';

vi.mock('node:fs/promises', async (original) => (await import('../faults.ts')).faulty(await original()));

const RULES = { range: { from: 21_000, to: 21_001, static: 0, exclude: [] }, reservations: [] };

let folder = '';
let file: LedgerFile;
let stacks: Stacks;

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-claims-')));
  file = (await openLedger(join(folder, 'ledger.json'))).file;
  stacks = createStacks({
    ledger: file,
    sessions: createSessions({ clock: createManualClock(), onChange: () => undefined }),
    route: () => undefined,
    onChange: () => undefined,
    knowsTls: () => false,
    isPortFree: async () => true,
    lookAtPort: async () => ({ free: true, holders: [] }),
  });
});

afterEach(() => {
  disarm();
  rmSync(folder, { recursive: true });
});

const claimIn = (root: string): StackClaim => ({
  root,
  environment: 'dev',
  workspace: 'shop',
  workspaceId: basename(root),
  main: true,
});

const checkout = (): string => mkdtempSync(join(folder, 'shop-'));

/** What a runner asks before it starts anything: its name, then its number. */
async function begin(
  claim: StackClaim,
): Promise<{ readonly slug: string; readonly number: number | undefined }> {
  const { stack } = await stacks.claim(claim, undefined);
  const ports = [{ service: 'api', port: 'http' }];
  const { leases } = await stacks.lease(claim, ports, { rules: RULES, scope: 'stack' });
  return { slug: stack.slug, number: leases[0]?.number };
}

/** The first begins, and at the given call of the given writing the second does. */
async function beginBoth(
  [first, second]: readonly [StackClaim, StackClaim],
  step: { readonly name: string; readonly after: number; readonly code?: string },
): Promise<
  readonly [PromiseSettledResult<Awaited<ReturnType<typeof begin>>>, Awaited<ReturnType<typeof begin>>]
> {
  let later: ReturnType<typeof begin> | undefined;
  arm({ ...step, times: 1, meanwhile: () => void (later ??= begin(second).catch(() => begin(second))) });
  const [one] = await Promise.allSettled([begin(first)]);
  expect(later).toBeDefined();
  disarm();
  return [one, await (later ?? begin(second))];
}

const STEPS = ['open', 'open.writeFile', 'open.sync', 'open.close', 'rename'].flatMap((name) =>
  // While its name is written, and while its number is.
  [0, 1].map((after) => [name, after] as const),
);

describe.each(STEPS)('at %s (%i)', (name, after) => {
  it('two checkouts get two names and two numbers', async () => {
    const claims = [claimIn(checkout()), claimIn(checkout())] as const;
    const [one, two] = await beginBoth(claims, { name, after });
    if (one.status === 'rejected') throw one.reason;
    expect(new Set([one.value.slug, two.slug]).size).toBe(2);
    expect(new Set([one.value.number, two.number])).toEqual(new Set([21_000, 21_001]));
    const { file: read } = await openLedger(join(folder, 'ledger.json'));
    expect(read.current).toEqual(file.current);
    for (const claim of claims) expect([one.value, two]).toContainEqual(await begin(claim));
  });

  it('one checkout has one name and one number, whoever asks first', async () => {
    const claim = claimIn(checkout());
    const [one, two] = await beginBoth([claim, claim], { name, after });
    if (one.status === 'rejected') throw one.reason;
    expect(two).toEqual(one.value);
    expect(file.current.leases).toHaveLength(1);
  });

  it('a write that fails for the first takes nothing from the second', async () => {
    const claims = [claimIn(checkout()), claimIn(checkout())] as const;
    const [one, two] = await beginBoth(claims, { name, after, code: 'EIO' });
    expect(one.status).toBe('rejected');
    expect(two.number).toBeDefined();
    const again = await begin(claims[0]);
    expect(again.slug).not.toBe(two.slug);
    expect(new Set([again.number, two.number])).toEqual(new Set([21_000, 21_001]));
    expect((await openLedger(join(folder, 'ledger.json'))).file.current).toEqual(file.current);
  });
});
