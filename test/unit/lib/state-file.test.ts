/** Reads of the state folder, with anything in the place of a file: none of them waits, or takes it for missing. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createLog } from '../../../src/daemon/log.ts';
import { keepFrontNumber, readFrontNumber } from '../../../src/daemon/front-store.ts';
import { readFrontSettings } from '../../../src/daemon/settings.ts';
import { PortrampError } from '../../../src/lib/errors.ts';
import { locateHome } from '../../../src/lib/home.ts';
import { tryLock } from '../../../src/lib/lock.ts';
import {
  describeEntryError,
  oddEntry,
  readStateFile,
  readStateFileSync,
} from '../../../src/lib/state-file.ts';
import { openLedger } from '../../../src/ports/ledger-file.ts';
import { markInUse, removeOldCopies } from '../../../src/protocol/daemon-copy.ts';
import { listOverrides } from '../../../src/stack/compose/store.ts';
import { openLogFile } from '../../../src/stack/logs/file.ts';
import { listLogs, readLogs } from '../../../src/stack/logs/read.ts';
import { openStartMemory } from '../../../src/stack/readiness/starts.ts';
import { createManualClock } from '../manual-clock.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-state-file-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

type Kind = readonly [what: string, place: (path: string) => void];

const FOLDER: Kind = ['a folder', (path) => mkdirSync(path)];
const PIPE: Kind = ['a named pipe', (path) => void execFileSync('mkfifo', [path])];
const DEVICE: Kind = ['a device', (path) => symlinkSync('/dev/zero', path)];
const OTHERS = [FOLDER, PIPE, DEVICE];

function placeLong(path: string): void {
  writeFileSync(path, '');
  truncateSync(path, 100_000_000);
}

describe.each([
  ['one that waits', readStateFile],
  ['one that does not', async (path: string) => readStateFileSync(path)],
])('a reader: %s', (_, read) => {
  it('gives the text of a file, and nothing where there is none', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'text');
    expect(await read(path)).toBe('text');
    expect(await read(join(folder, 'none'))).toBeUndefined();
    symlinkSync(join(folder, 'none'), join(folder, 'link'));
    expect(await read(join(folder, 'link'))).toBeUndefined();
  });

  it.each(OTHERS)('refuses %s with what to type', async (what, place) => {
    const path = join(folder, 'file');
    place(path);
    await expect(read(path)).rejects.toMatchObject({
      code: 'STATE_FOLDER',
      message: `cannot read ${path}: it is ${what}, not a file`,
      hint: `look at it, then move it away: mv ${path} ${path}.aside`,
    });
  });

  it('takes no file whole that is longer than any of its own', async () => {
    const path = join(folder, 'file');
    placeLong(path);
    await expect(read(path)).rejects.toMatchObject({
      message: `cannot read ${path}: it has 100000000 bytes, more than any file of portramp's`,
    });
    truncateSync(path, 16 * 1024 * 1024);
    expect(await read(path)).toHaveLength(16 * 1024 * 1024);
  });

  it('leaves the errors of the system as they are', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(read(join(folder, 'file/in-it'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});

describe('what to type', () => {
  it('moves to a name that nothing has', () => {
    const path = join(folder, 'it');
    for (const name of ['it', 'it.aside', 'it.aside-2']) writeFileSync(join(folder, name), name);
    const [, command = ''] = /: (mv .+)$/.exec(oddEntry('odd', path).hint ?? '') ?? [];
    execFileSync('sh', ['-c', command]);
    expect(readdirSync(folder).sort()).toEqual(['it.aside', 'it.aside-2', 'it.aside-3']);
  });

  it.each([
    ['EACCES', /^open it to yourself: (chmod .+)$/],
    ['EPERM', /^open it to yourself: (chmod .+)$/],
    ['EIO', /^see what the system log says of it/],
    ['ENXIO', /^look at it, then move it away: (mv .+)$/],
    ['EISDIR', /^look at it, then move it away: (mv .+)$/],
  ])('follows from %s', (code, hint) => {
    const path = join(folder, "it's");
    mkdirSync(path, { mode: 0 });
    const error = describeEntryError('cannot read', path, Object.assign(new Error('why'), { code }));
    expect(error).toMatchObject({ code: 'STATE_FOLDER', message: `cannot read ${path}: why` });
    const [, command] = hint.exec(error.hint ?? '') ?? [];
    if (command !== undefined) execFileSync('sh', ['-c', command]);
    else expect(error.hint).toMatch(hint);
    for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o700);
  });

  it('is about the folder that is none, where it is that', () => {
    writeFileSync(join(folder, 'logs'), '');
    const error = Object.assign(new Error('why'), { code: 'ENOTDIR' });
    expect(describeEntryError('cannot read', join(folder, 'logs/shop/api.log'), error).hint).toBe(
      `look at it, then move it away: mv ${folder}/logs ${folder}/logs.aside`,
    );
  });

  it('is what the error says that has words already', () => {
    const error = new PortrampError('SYSTEM', 'why', { hint: 'do it' });
    expect(describeEntryError('cannot read', folder, error)).toBe(error);
  });
});

/** How each file of the state folder is used, and whether that fails when it is something else. */
const USES: readonly (readonly [what: string, name: string, isTold: boolean, use: () => Promise<unknown>])[] =
  [
    ['a lock', 'lock', true, async () => tryLock(join(folder, 'lock'))],
    ['the ledger', 'ledger.json', true, () => openLedger(join(folder, 'ledger.json'))],
    ['the number of the front', 'front.json', true, () => readFrontNumber(join(folder, 'front.json'))],
    ['the settings', 'config.yaml', true, () => readFrontSettings(join(folder, 'config.yaml'), {})],
    [
      'the memory of starts',
      'starts.json',
      false,
      () => openStartMemory(join(folder, 'starts.json'), createManualClock()).close(),
    ],
    [
      'an override of Compose',
      'compose',
      false,
      async () => {
        mkdirSync(join(folder, 'state'));
        const home = locateHome({ PORTRAMP_HOME: join(folder, 'state') });
        mkdirSync(join(home.root, 'compose'));
        execFileSync('mkfifo', [join(home.root, 'compose', 'shop.01234567.yaml')]);
        expect(await listOverrides(home)).toMatchObject([{ project: 'shop' }]);
      },
    ],
    [
      'who uses a copy of the program',
      'copy/in-use.json',
      false,
      async () => {
        await removeOldCopies(folder, join(folder, 'another'));
      },
    ],
    [
      'the log of the daemon',
      'daemon.log',
      false,
      async () => createLog(join(folder, 'daemon.log'))('a line'),
    ],
    [
      'the old half of that log',
      'daemon.log.1',
      false,
      async () => {
        placeLong(join(folder, 'daemon.log'));
        createLog(join(folder, 'daemon.log'))('a line');
        expect(readStateFileSync(join(folder, 'daemon.log'))).toMatch(/^\S+ a line\n$/);
      },
    ],
  ];

describe.each([FOLDER, PIPE])('%s in the place of', (_, place) => {
  it.each(USES)('%s holds nobody up', async (_what, name, isTold, use) => {
    const path = join(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    place(path);
    if (!isTold) await use();
    else await expect(use()).rejects.toMatchObject({ hint: expect.stringContaining(`mv ${path}`) as string });
  });

  it('the log of a service is told to its writer and to its reader, and the other logs are read', async () => {
    const path = join(folder, 'api.log');
    place(path);
    writeFileSync(join(folder, 'web.log'), '2026-11-25T08:00:00.000Z 1 o hello\n');
    const told: string[] = [];
    const file = openLogFile({ path, maxSize: 1_000, onProblem: (problem) => told.push(problem) });
    void file.append('line\n');
    await file.close();
    expect(told).toEqual([expect.stringMatching(`^cannot write ${path}: `)]);
    const problems: string[] = [];
    const lines: string[] = [];
    const { signal } = new AbortController();
    const onProblem = ({ message }: PortrampError): void => void problems.push(message);
    for await (const { text } of readLogs({ folder, tail: 9, follow: false, signal, onProblem }))
      lines.push(text);
    expect(await listLogs(folder)).toEqual(['api', 'web']);
    expect(lines).toEqual(['hello']);
    expect(problems).toEqual([expect.stringMatching(`^cannot read ${path}: it is a `)]);
  });
});

it('the number of the front is kept over a pipe, and a copy marked', async () => {
  PIPE[1](join(folder, 'front.json'));
  await keepFrontNumber(join(folder, 'front.json'), { http: 7_267, moves: 1 });
  expect((await readFrontNumber(join(folder, 'front.json'))).number).toEqual({ http: 7_267, moves: 1 });
  PIPE[1](join(folder, 'in-use.json'));
  await markInUse(folder);
  expect(readStateFileSync(join(folder, 'in-use.json'))).toContain(`"pid":${process.pid}`);
});
