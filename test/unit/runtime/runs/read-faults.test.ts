/** Records that cannot be read or removed: what they say is not known, which is said; the others count as ever. */
import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { beforeEach, expect, it, vi } from 'vitest';

import { identityOf } from '../../../../src/lib/process-identity.ts';
import { belongingOf, cleanRuns, listLiveRuns } from '../../../../src/runtime/runs/clean.ts';
import { formatRun, type Run } from '../../../../src/runtime/runs/journal.ts';
import { useFailingDisk } from '../../failing-disk.ts';
import { arm } from '../../faults.ts';

vi.mock('node:fs/promises', async (original) => (await import('../../faults.ts')).faulty(await original()));

const runner = identityOf(process.pid);
if (runner === undefined) throw new Error('this process cannot be seen');

const LIVE: Run = { id: 'aaaaaaaaaaaa', root: '/live', environment: 'dev', runner, leaders: [] };
const OVER: Run = { ...LIVE, id: 'bbbbbbbbbbbb', root: '/over', runner: { ...runner, startTime: '1' } };
const ODD: Run = { ...OVER, id: 'cccccccccccc', root: '/odd' };

const disk = useFailingDisk();
const pathOf = ({ id }: Run): string => disk.path(`${id}.json`);

beforeEach(() => {
  for (const run of [ODD, LIVE, OVER]) writeFileSync(pathOf(run), formatRun(run), { mode: 0o600 });
});

it.each([
  ['lstat', 'EIO'],
  ['stat', 'EIO'],
  ['readFile', 'EIO'],
  ['readFile', 'EACCES'],
  ['readFile', 'ENFILE'],
])('one that cannot be read (%s, %s) stops nothing, is told and stays', async (name, code) => {
  arm({ name, code, path: /cccccccccccc/ });
  const problem = expect.objectContaining({
    code: 'STATE_FOLDER',
    message: expect.stringMatching(`^cannot read ${pathOf(ODD)}: ${code}`) as string,
    hint: expect.any(String) as string,
  }) as unknown;
  expect(await listLiveRuns(disk.folder)).toEqual({ live: [LIVE], problems: [problem] });
  expect(await belongingOf(disk.folder, process.pid)).toBe('live');
  expect(await cleanRuns(disk.folder, { root: '/live', environment: 'dev' })).toEqual({
    cleaned: [],
    problems: [problem],
  });
  expect(await cleanRuns(disk.folder)).toEqual({ cleaned: [], problems: [problem] });
  expect(disk.entries()).toEqual(['aaaaaaaaaaaa.json', 'cccccccccccc.json']);
});

it('one that cannot be removed is told, and the others are removed', async () => {
  arm({ name: 'rm', code: 'EROFS', path: /bbbbbbbbbbbb/ });
  const { problems } = await cleanRuns(disk.folder);
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(`^cannot remove ${pathOf(OVER)}: EROFS`),
  ]);
  expect(disk.entries()).toEqual(['aaaaaaaaaaaa.json', 'bbbbbbbbbbbb.json']);
});

it('one that its owner closed is opened', async () => {
  chmodSync(pathOf(LIVE), 0);
  expect((await listLiveRuns(disk.folder)).live).toEqual([LIVE]);
  expect(statSync(pathOf(LIVE)).mode & 0o777).toBe(0o600);
});

it('a folder that cannot be listed says so, and is not empty', async () => {
  arm({ name: 'readdir', code: 'EIO' });
  await expect(cleanRuns(disk.folder)).rejects.toMatchObject({
    code: 'STATE_FOLDER',
    message: expect.stringMatching(`^cannot read ${disk.folder}: EIO`) as string,
  });
});
