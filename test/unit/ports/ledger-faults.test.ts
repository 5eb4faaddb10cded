/** The files that must not be lost, on disks that fail: what was granted stays granted, and nothing is granted twice. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { keepFrontNumber, readFrontNumber } from '../../../src/daemon/front-store.ts';
import { createSessions } from '../../../src/daemon/sessions.ts';
import { createStacks, type Stacks } from '../../../src/daemon/stacks.ts';
import { openLedger, type LedgerFile } from '../../../src/ports/ledger-file.ts';
import { emptyLedger, type Ledger } from '../../../src/ports/ledger.ts';
import type { StackClaim } from '../../../src/protocol/messages.ts';
import { FAILING_WRITES, useFailingDisk } from '../failing-disk.ts';
import { arm, disarm } from '../faults.ts';
import { createManualClock } from '../manual-clock.ts';

vi.mock('node:fs/promises', async (original) => (await import('../faults.ts')).faulty(await original()));

const disk = useFailingDisk();
let path = '';

beforeEach(() => {
  path = disk.path('ledger.json');
});

const leased = (ledger: Ledger, number: number): Ledger => ({
  ...ledger,
  leases: [{ root: '/a', environment: 'dev', service: 'api', port: 'http', number }],
});

describe('a ledger whose disk fails', () => {
  it.each(FAILING_WRITES)('in %s (%s) holds what it held, and takes the next change', async (name, code) => {
    const { file } = await openLedger(path);
    await file.commit((ledger) => leased(ledger, 1));
    const before = readFileSync(path, 'utf8');
    let later: Promise<unknown> | undefined;
    const changeLater = (): void => {
      // Built on a change that is not on disk yet.
      later = file.commit((ledger) => leased(ledger, 3)).catch((error: unknown) => error);
    };
    arm({ name, times: 1, meanwhile: () => queueMicrotask(changeLater), code });
    await expect(file.commit((ledger) => leased(ledger, 2))).rejects.toMatchObject({
      code: 'STATE_FOLDER',
      message: expect.stringContaining(code) as string,
      hint: ['ENOSPC', 'EDQUOT'].includes(code)
        ? 'make room on the disk; nothing that was granted before is lost'
        : 'see who owns the state folder and its files',
    });
    expect(await later).toMatchObject({ code: 'STATE_FOLDER' });
    expect(file.current.leases[0]?.number).toBe(1);
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(disk.entries()).toEqual(['ledger.json']);
    await file.commit((ledger) => leased(ledger, 4));
    expect((await openLedger(path)).file.current.leases[0]?.number).toBe(4);
  });

  it.each(['EIO', 'EACCES', 'EMFILE', 'ENFILE'])(
    'when it is read (%s) is not taken for lost',
    async (code) => {
      writeFileSync(path, JSON.stringify(leased(emptyLedger, 1)));
      arm({ name: 'readFile', code });
      await expect(openLedger(path)).rejects.toMatchObject({
        code: 'STATE_FOLDER',
        hint: expect.stringMatching(/^see who owns that file and the disk it is on/) as string,
      });
      disarm();
      expect(disk.entries()).toEqual(['ledger.json']);
      expect((await openLedger(path)).file.current.leases[0]?.number).toBe(1);
    },
  );

  it('and that is damaged stays where it is when it cannot be set aside', async () => {
    writeFileSync(path, 'garbage');
    arm({ name: 'rename', code: 'EROFS' });
    await expect(openLedger(path)).rejects.toMatchObject({ code: 'EROFS' });
    expect(readFileSync(path, 'utf8')).toBe('garbage');
  });
});

describe("the front's number", () => {
  it.each(FAILING_WRITES)('is the one that was kept when %s fails (%s)', async (name, code) => {
    await keepFrontNumber(path, { http: 7267, moves: 1 });
    arm({ name, code });
    await expect(keepFrontNumber(path, { http: 7268, moves: 2 })).rejects.toMatchObject({ code });
    disarm();
    expect(await readFrontNumber(path)).toEqual({ number: { http: 7267, moves: 1 }, problem: undefined });
    expect(disk.entries()).toEqual(['ledger.json']);
  });

  it.each(['EIO', 'EACCES', 'EMFILE'])('that cannot be read (%s) is not chosen anew', async (code) => {
    await keepFrontNumber(path, { http: 7267, moves: 1 });
    arm({ name: 'readFile', code });
    await expect(readFrontNumber(path)).rejects.toMatchObject({ code: 'STATE_FOLDER' });
  });
});

describe('a claim against a give-back', () => {
  /** One number for two stacks. */
  const RULES = { range: { from: 21_000, to: 21_000, static: 0, exclude: [] }, reservations: [] };
  let file: LedgerFile;
  let stacks: Stacks;
  let first: StackClaim;
  let second: StackClaim;

  const claimOf = async (workspace: string): Promise<StackClaim> => {
    const root = mkdtempSync(disk.path(`${workspace}-`));
    const claim = { root, environment: 'dev', workspace, workspaceId: workspace, main: true };
    await stacks.claim(claim, undefined);
    return claim;
  };
  const lease = async (key: StackClaim): Promise<number | undefined> =>
    (await stacks.lease(key, [{ service: 'api', port: 'http' }], { rules: RULES, scope: 'stack' })).leases[0]
      ?.number;
  const holders = (): string[] => file.current.leases.map(({ root }) => root);

  beforeEach(async () => {
    file = (await openLedger(path)).file;
    stacks = createStacks({
      ledger: file,
      sessions: createSessions({ clock: createManualClock(), onChange: () => undefined }),
      route: () => undefined,
      onChange: () => undefined,
      knowsTls: () => false,
      isPortFree: async () => true,
      lookAtPort: async () => ({ free: true, holders: [] }),
    });
    [first, second] = [await claimOf('shop'), await claimOf('blog')];
    expect(await lease(first)).toBe(21_000);
  });

  it.each(['open', 'open.writeFile', 'open.sync', 'rename'])(
    'that is being written (%s) gets the number once it is given back, and never before',
    async (name) => {
      let taking: Promise<number | undefined> | undefined;
      arm({ name, times: 1, meanwhile: () => void (taking = lease(second)) });
      await stacks.forget([first]);
      expect(await taking).toBe(21_000);
      expect(holders()).toEqual([second.root]);
    },
  );

  it.each(FAILING_WRITES)(
    'that fails in %s (%s) gets nothing, and who had the number has it',
    async (name, code) => {
      let taking: Promise<unknown> | undefined;
      arm({
        name,
        times: 1,
        code,
        meanwhile: () => void (taking = lease(second).catch((why: unknown) => why)),
      });
      await expect(stacks.forget([first])).rejects.toMatchObject({ code: 'STATE_FOLDER' });
      expect(await taking).toBeInstanceOf(Error);
      expect(holders()).toEqual([first.root]);
      expect(await lease(first)).toBe(21_000);
    },
  );
});
