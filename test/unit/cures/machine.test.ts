/** Does what is said of a machine: of its ports, its programs, its git; and sees that it helps. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { findHeldPorts } from '../../../src/check/held-ports.ts';
import { readRevision, readWorkingTree } from '../../../src/check/revision/read.ts';
import { checkFrontPort, chooseFrontPorts } from '../../../src/daemon/front-choice.ts';
import { nameStack } from '../../../src/daemon/names.ts';
import { PortrampError } from '../../../src/lib/errors.ts';
import { askGit, environmentForGit } from '../../../src/lib/git.ts';
import { startProcess } from '../../../src/runtime/process/start.ts';
import { emptyLedger, type Ledger } from '../../../src/ports/ledger.ts';
import { read } from '../contract/read.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-cures-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const CONTRACT = 'version: 1\nworkspace: shop\nservices:\n  api: { command: run }\n';
const git = (...words: string[]): Buffer =>
  execFileSync(
    'git',
    ['-c', 'user.name=me', '-c', 'user.email=me@example.com', '-c', 'commit.gpgsign=false', ...words],
    { cwd: folder, env: environmentForGit(), stdio: 'pipe' },
  );

describe('a comparison of revisions', () => {
  it('is made in a checkout, of revisions that have a contract', async () => {
    await expect(readRevision(folder, 'HEAD')).rejects.toMatchObject({
      hint: 'revisions come from git: run this in a checkout',
    });
    git('init', '-q');
    git('commit', '-q', '--allow-empty', '-m', 'without a contract');
    await expect(readRevision(folder, 'HEAD')).rejects.toMatchObject({
      hint: expect.stringMatching(/^name a revision that has one in this folder/) as string,
    });
    writeFileSync(join(folder, 'portramp.yaml'), CONTRACT);
    git('add', '.');
    git('commit', '-q', '-m', 'with one');
    rmSync(join(folder, 'portramp.yaml'));
    await expect(readWorkingTree(folder)).rejects.toMatchObject({
      hint: 'name two revisions to compare them with each other',
    });
    const revision = await readRevision(folder, 'HEAD');
    expect([...(revision.get('dev')?.services.keys() ?? [])]).toEqual(['api']);
  });

  it('is made of what was committed', async () => {
    git('init', '-q');
    const hints = async (revision: string): Promise<string> =>
      readRevision(folder, revision).then(
        () => '',
        (error: unknown) => (error instanceof PortrampError ? (error.hint ?? '') : ''),
      );
    writeFileSync(join(folder, 'portramp.yaml'), CONTRACT);
    const [, add = '', commit = '', message = ''] =
      /^git (add portramp\.yaml) && git (commit -m) "(.+)"$/.exec(await hints('HEAD')) ?? [];
    git(...add.split(' '));
    git(...commit.split(' '), message, '-q');
    expect(await hints('HEAD')).toBe('');
  });

  it('is made of revisions that there are, as they are called here', async () => {
    git('init', '-q', '-b', 'main');
    writeFileSync(join(folder, 'portramp.yaml'), CONTRACT);
    git('add', '.');
    git('commit', '-q', '-m', 'one');
    git('update-ref', 'refs/remotes/origin/release', 'HEAD');
    const typed = async (revision: string): Promise<void> => {
      const error: unknown = await readRevision(folder, revision).catch((reason: unknown) => reason);
      const hint = error instanceof PortrampError ? (error.hint ?? '') : '';
      const [, near = ''] = /^did you mean "(.+)"\?$/.exec(hint) ?? [];
      expect((await readRevision(folder, near)).size).toBe(1);
    };
    await typed('mian');
    await typed('release');
    await expect(readRevision(folder, 'v1.0.0-none')).rejects.toMatchObject({
      hint: expect.stringMatching(/"git branch --all" and "git tag" list what there is$/) as string,
    });
    const [listed = ''] = git('branch', '--all', '--format=%(refname:short)').toString().split('\n');
    expect((await readRevision(folder, listed)).size).toBe(1);
  });

  it('is made in a folder of another user when git was told to', async () => {
    git('init', '-q', '-b', 'main');
    writeFileSync(join(folder, 'portramp.yaml'), CONTRACT);
    git('add', '.');
    git('commit', '-q', '-m', 'one');
    vi.stubEnv('GIT_TEST_ASSUME_DIFFERENT_OWNER', '1');
    vi.stubEnv('HOME', folder);
    const error: unknown = await readRevision(folder, 'HEAD').catch((reason: unknown) => reason);
    const hint = error instanceof PortrampError ? (error.hint ?? '') : '';
    expect(hint).toMatch(/^git config --global --add safe\.directory /);
    execFileSync('sh', ['-c', hint], { cwd: folder, env: environmentForGit() });
    expect((await readRevision(folder, 'HEAD')).size).toBe(1);
  });

  it('finds an old one in a shallow clone when that was fetched', async () => {
    const origin = join(folder, 'origin');
    const clone = join(folder, 'clone');
    git('init', '-q', origin);
    writeFileSync(join(origin, 'portramp.yaml'), CONTRACT);
    git('-C', origin, 'add', '.');
    git('-C', origin, 'commit', '-q', '-m', 'old');
    const old = git('-C', origin, 'rev-parse', 'HEAD').toString().trim();
    git('-C', origin, 'commit', '-q', '--allow-empty', '-m', 'new');
    git('clone', '-q', '--depth', '1', `file://${origin}`, clone);
    await expect(readRevision(clone, old)).rejects.toMatchObject({
      hint: expect.stringMatching(/^a shallow clone has few of them: fetch it first/) as string,
    });
    git('-C', clone, 'fetch', '-q', '--unshallow');
    expect((await readRevision(clone, old)).size).toBe(1);
  });

  it('is made where git is installed', async () => {
    const whereGitIs = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    vi.stubEnv('PATH', folder);
    await expect(readRevision(folder, 'HEAD')).rejects.toMatchObject({ hint: 'install git' });
    symlinkSync(whereGitIs, join(folder, 'git'));
    await expect(readRevision(folder, 'HEAD')).rejects.toMatchObject({
      hint: 'revisions come from git: run this in a checkout',
    });
  });

  it('is made when git is asked again that was ended', async () => {
    const fake = join(folder, 'git');
    writeFileSync(fake, '#!/bin/sh\nkill -9 $$\n', { mode: 0o755 });
    vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
    await expect(askGit(folder, ['--version'])).rejects.toMatchObject({ hint: 'try again' });
    rmSync(fake);
    expect(await askGit(folder, ['--version'])).toMatch(/^git version/);
  });
});

describe('a port that is held', () => {
  const holders = new Map([
    [20_000, [{ pid: 42 }]],
    [20_003, [{ pid: 7 }]],
  ]);
  const find = (number: number, reserved: string) =>
    findHeldPorts(
      [read(`${reserved}services:\n  api: { command: x, ports: { http: { static: ${number} } } }\n`)],
      holders,
    ).map(({ hint }) => hint);

  it('is held no more where another number was given, and the one that is reserved may have it', () => {
    expect(find(20_000, '')).toEqual(['end it with "kill 42", or give api.http another number']);
    expect(find(20_001, '')).toEqual([]);
    const reserved = 'reservations: [{ port: 20003, owner: team }]\n';
    expect(find(20_001, reserved)).toEqual(['see whether that is who it is reserved for']);
    expect(find(20_001, '')).toEqual([]);
  });
});

describe('the port of the front', () => {
  const choose = (variable: number | undefined, file: number | undefined) =>
    chooseFrontPorts({ variable, file }, { http: 7267, moves: 3 }, '/home/config.yaml').ports;

  it('is taken without the variable, or from the file', () => {
    const hint =
      /^unset PORTRAMP_HTTP_PORT, or write "httpPort: (8080)" to \/home\/config\.yaml to move the front$/;
    expect(() => choose(8080, undefined)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(hint) as string }),
    );
    expect(choose(undefined, undefined)).toEqual([7267]);
    expect(choose(8080, 8080)).toEqual([8080]);
  });

  it('is another one after the line was written and the daemon started again', () => {
    const path = '/home/config.yaml';
    const hint =
      /^to move it: write "httpPort: (8080)" to \/home\/config\.yaml, then "portramp daemon stop --force && portramp daemon start"/;
    expect(() => checkFrontPort({ variable: 8080, file: undefined }, 7267, path)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(hint) as string }),
    );
    const [running] = choose(8080, 8080);
    expect(() => checkFrontPort({ variable: 8080, file: 8080 }, running, path)).not.toThrow();
  });
});

describe('a program', () => {
  it('is started in a folder that is there', async () => {
    const spec = {
      command: [process.execPath, '-e', ''],
      dir: join(folder, 'app'),
      env: {},
      stop: { signal: 'SIGTERM' as const, timeout: 1_000 },
      marker: 'x',
      onOutput: () => undefined,
    };
    expect(await startProcess(spec)).toMatchObject({
      ok: false,
      failure: { hint: 'see "dir" of the service' },
    });
    mkdirSync(spec.dir);
    const started = await startProcess(spec);
    if (!started.ok) throw new Error(started.failure.message);
    expect(await started.instance.exited).toMatchObject({ code: 0 });
  });
});

describe('the name of a stack', () => {
  const nameIn = (ledger: Ledger, workspace: string) =>
    nameStack(
      ledger,
      { root: '/shop', environment: 'dev', workspace, workspaceId: 'shop', main: true },
      undefined,
      { isAlive: () => true, now: '2026-01-01T00:00:00.000Z' },
    );

  it('is made of what can be part of a host name', () => {
    expect(() => nameIn(emptyLedger, 'sh_op')).toThrow(
      expect.objectContaining({
        hint: expect.stringMatching(/^letters, digits and "-" make names/) as string,
      }),
    );
    expect(nameIn(emptyLedger, 'sh-op').stack.slug).toBe('sh-op');
  });

  it('is a new one when the old one was forgotten', () => {
    const { notices } = nameIn(nameIn(emptyLedger, 'shop').ledger, 'store');
    expect(notices).toEqual([
      'this stack keeps the name "shop" that it got as shop; to have another: ' +
        'cd /shop && portramp down && portramp clean shop && portramp dev',
    ]);
    expect(nameIn(emptyLedger, 'store')).toMatchObject({ notices: [], stack: { slug: 'store' } });
  });
});
