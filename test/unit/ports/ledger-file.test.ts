import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openLedger } from '../../../src/ports/ledger-file.ts';
import { addLeases, emptyLedger, type Ledger } from '../../../src/ports/ledger.ts';

let folder = '';
let path = '';
const now = (): Date => new Date('2026-01-02T03:04:05.678Z');
const lease = (number: number) => ({ root: '/a', environment: 'dev', service: 'api', port: 'http', number });
const leased = (ledger: Ledger, number: number): Ledger => ({ ...ledger, leases: [lease(number)] });
const onDisk = (): unknown => JSON.parse(readFileSync(path, 'utf8'));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-ledger-'));
  path = join(folder, 'ledger.json');
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('the ledger on disk', () => {
  it('holds a change when the commit resolves, and is read again', async () => {
    const { file, problem } = await openLedger(path);
    expect(problem).toBeUndefined();
    await file.commit((ledger) => leased(ledger, 8080));
    expect(onDisk()).toEqual({ ...emptyLedger, leases: [lease(8080)] });
    expect((await openLedger(path)).file.current.leases[0]?.number).toBe(8080);
  });

  it('holds every one of many changes made at once', async () => {
    const { file } = await openLedger(path);
    const key = { root: '/a', environment: 'dev', service: 'api' };
    const commits = Array.from({ length: 100 }, (_, index) =>
      file
        .commit((ledger) => addLeases(ledger, [{ ...key, port: `p${index}`, number: 20_000 + index }]))
        .then(() => (onDisk() as { leases: unknown[] }).leases.length > index),
    );
    expect((await Promise.all(commits)).every(Boolean)).toBe(true);
    await file.flush();
    expect((onDisk() as { leases: unknown[] }).leases).toHaveLength(100);
    expect(readdirSync(folder)).toEqual(['ledger.json']);
  });

  it('is not written when nothing changed', async () => {
    const { file } = await openLedger(path);
    await file.commit((ledger) => ledger);
    expect(existsSync(path)).toBe(false);
  });

  it('rejects a change that throws, and goes on', async () => {
    const { file } = await openLedger(path);
    const broken = file.commit(() => {
      throw new Error('no');
    });
    await expect(broken).rejects.toThrow('no');
    await file.commit((ledger) => leased(ledger, 1));
    expect(file.current.leases[0]?.number).toBe(1);
  });
});

describe('a ledger that cannot be read', () => {
  it.each([
    ['is empty', ''],
    ['was cut off', '{"version": 1, "stacks": [{"root"'],
    ['is garbage', '\u0000\u0001\u0002 no ledger'],
    ['has another shape', '{"version": 1, "stacks": 5}'],
    ['has no version', '[]'],
  ])('because it %s is set aside and reported', async (_, text) => {
    writeFileSync(path, text);
    const { file, problem } = await openLedger(path, now);
    const aside = `${path}.corrupt-2026-01-02T03-04-05.678Z`;
    expect(problem).toContain(aside);
    expect(readFileSync(aside, 'utf8')).toBe(text);
    expect(file.current).toEqual(emptyLedger);
    await file.commit((ledger) => leased(ledger, 8080));
    expect(onDisk()).toMatchObject({ leases: [lease(8080)] });
  });

  it('because it is newer is refused and left where it is', async () => {
    writeFileSync(path, '{"version": 2, "unknown": true}');
    await expect(openLedger(path)).rejects.toMatchObject({ code: 'LEDGER_NEWER' });
    expect(readFileSync(path, 'utf8')).toBe('{"version": 2, "unknown": true}');
    expect(readdirSync(folder)).toEqual(['ledger.json']);
  });
});

describe('a ledger that cannot be written', () => {
  it('keeps what it held, undoes what failed, and works again later', async () => {
    const { file } = await openLedger(path);
    await file.commit((ledger) => leased(ledger, 1));
    const text = readFileSync(path, 'utf8');
    rmSync(folder, { recursive: true });
    const failed = [2, 3].map((port) => file.commit((ledger) => leased(ledger, port)));
    for (const commit of failed) await expect(commit).rejects.toMatchObject({ code: 'STATE_FOLDER' });
    expect(file.current.leases[0]?.number).toBe(1);
    const { mkdirSync } = await import('node:fs');
    mkdirSync(folder);
    writeFileSync(path, text);
    await file.commit((ledger) => leased(ledger, 4));
    expect(onDisk()).toMatchObject({ leases: [lease(4)] });
  });
});
