/** Does what is said of a machine: of its ports, its programs, its git, its containers; and sees that it helps. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { findHeldPorts } from '../../../src/check/held-ports.ts';
import { readRevision, readWorkingTree } from '../../../src/check/revision/read.ts';
import { planOverride } from '../../../src/compose/override.ts';
import { chooseFrontPorts } from '../../../src/daemon/front-choice.ts';
import { nameStack } from '../../../src/daemon/names.ts';
import { environmentForGit } from '../../../src/lib/git.ts';
import { findComposeFiles } from '../../../src/runtime/compose/files.ts';
import { startProcess } from '../../../src/runtime/process/start.ts';
import { emptyLedger, type Ledger } from '../../../src/ports/ledger.ts';
import { port, projectWith } from '../compose/project.ts';
import { read } from '../contract/read.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-cures-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

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

describe('an override', () => {
  const hintsOf = (services: Record<string, object>): (string | undefined)[] =>
    planOverride({
      project: projectWith(services),
      policy: { names: 'release', share: new Set(), mainName: 'shop' },
      numberOf: () => 20_200,
    }).findings.map(({ hint }) => hint);

  it('has nothing to say where ports are written as it says', () => {
    const ports = [port(80, '8080')];
    expect(hintsOf({ web: { network_mode: 'host' } })).toEqual([
      'give web "ports" instead of network_mode: host',
    ]);
    expect(hintsOf({ web: { ports } })).toEqual([]);
    expect(hintsOf({ db: {}, web: { ports, network_mode: 'service:db' } })).toEqual([
      'write the ports at the service that owns the network',
    ]);
    expect(hintsOf({ db: { ports }, web: { network_mode: 'service:db' } })).toEqual([]);
  });

  it('has nothing to say where services are named in place of containers', () => {
    const db = { container_name: 'the-db' };
    expect(hintsOf({ db, web: { volumes_from: ['container:the-db'] } })).toEqual([
      'write the service instead: db',
    ]);
    expect(hintsOf({ db, web: { volumes_from: ['db'] } })).toEqual([]);
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

describe('a Compose file', () => {
  it('is read from a file', async () => {
    const find = (file: string) => findComposeFiles({ cwd: folder, environment: {}, files: [file] });
    await expect(find('-')).rejects.toMatchObject({ hint: 'write it to a file, and name that with -f' });
    writeFileSync(join(folder, 'mine.yaml'), 'services: {}\n');
    expect(await find('mine.yaml')).toMatchObject({ files: [join(folder, 'mine.yaml')] });
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
    expect(notices).toEqual([expect.stringMatching(/"portramp clean --all" forgets it while nothing runs$/)]);
    expect(nameIn(emptyLedger, 'store')).toMatchObject({ notices: [], stack: { slug: 'store' } });
  });
});
