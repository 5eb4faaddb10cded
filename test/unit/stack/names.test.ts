/** What a person or a command names: services, groups, packages, and who has a port. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { PackageScope } from '../../../src/plan/scripts.ts';
import { openPackage } from '../../../src/stack/packages.ts';
import { isMeant, selectOrThrow } from '../../../src/stack/selection.ts';
import {
  askHolders,
  createAskHolders,
  describeDenied,
  describeTaken,
  explainUnopened,
  findDenied,
  type SeenHolder,
} from '../../../src/stack/taken.ts';
import { planOf, resolutionOf } from '../plan/stack.ts';

describe('names of services and groups', () => {
  const SERVICES =
    'services:\n  api: { command: x }\n  worker: { command: x, start: manual }\n  db: { command: x }\n';
  const { plan } = planOf(`${SERVICES}groups: { back: [api, db] }\n`);

  it('stand for themselves and for what is in a group', () => {
    expect(selectOrThrow(plan, ['back'])).toEqual(expect.arrayContaining(['api', 'db']));
    expect(selectOrThrow(plan, ['worker'])).toEqual(['worker']);
    expect([isMeant(plan, ['back'], 'api'), isMeant(plan, ['api'], 'api')]).toEqual([true, true]);
    expect([
      isMeant(plan, ['back'], 'worker'),
      isMeant(plan, ['none'], 'api'),
      isMeant(plan, [], 'api'),
    ]).toEqual([false, false, false]);
  });

  it.each([
    ['apy', 'did you mean "api"?'],
    ['bak', 'did you mean "back"?'],
    ['something', 'there are: api, worker, db, back'],
  ])('that are none, like %s, are told the nearest, or all', (name, hint) => {
    expect(() => selectOrThrow(plan, ['api', name])).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_NAME',
        message: `there is no service or group "${name}"`,
        hint,
      }),
    );
  });

  it('of the Compose file are none, where the contract has others: those are told', () => {
    const more = '  store: { compose: postgres }\n  cache: { compose: cache }\n  web: { command: x }\n';
    const { plan: mixed } = planOf(SERVICES + more);
    expect(selectOrThrow(mixed, ['store', 'cache'])).toEqual(['store', 'cache']);
    expect(() => selectOrThrow(mixed, ['postgres'])).toThrow(
      expect.objectContaining({
        message:
          'there is no service or group "postgres": postgres of the Compose file is store in this contract',
        hint: 'did you mean "store"?',
      }),
    );
    const asked = more.replace('web: {', 'web: { consumes: [postgres], env: { A: "${postgres.url}" },');
    const { diagnostics } = planOf(SERVICES + asked);
    const said = [...diagnostics, ...resolutionOf(SERVICES + asked).diagnostics];
    const why = 'postgres of the Compose file is store in this contract';
    expect(said.map(({ message, hint }) => `${message} | ${hint}`)).toEqual([
      `web consumes "postgres", and there is no such service: ${why} | did you mean "store"?`,
      `\${postgres.url}: there is no service "postgres": ${why} | did you mean "\${store.url}"?`,
    ]);
  });
});

describe('the packages of a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-packages-')));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (path: string, json: unknown): void => {
    mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, path, 'package.json'), typeof json === 'string' ? json : JSON.stringify(json));
  };
  const scriptOf = (scope: PackageScope | undefined): string | undefined => scope?.script('dev')?.text;

  it('have their scripts, as they are now', () => {
    write('', { scripts: { dev: 'vite', odd: 3 }, proxy: 'x' });
    const scope = openPackage(folder);
    expect([scriptOf(scope), scope.script('odd'), scope.scriptNames(), scope.hasProxy()]).toEqual([
      'vite',
      undefined,
      ['dev'],
      true,
    ]);
    write('', { scripts: { dev: 'next' } });
    expect([scriptOf(scope), scope.hasProxy()]).toEqual(['next', false]);
    for (const broken of ['', '3', 'null', '{"scripts":null}']) {
      write('', broken);
      expect([scriptOf(scope), scope.hasProxy()]).toEqual([undefined, false]);
    }
  });

  it('are found by their folder, by their path, and by their name anywhere in the workspace', () => {
    write('', { workspaces: ['apps/*'] });
    write('apps/web', { name: '@shop/web', scripts: { dev: 'web' } });
    write('apps/api', { name: '@shop/api', scripts: { dev: 'api' } });
    write('apps/api/node_modules/@shop/web', { name: '@shop/web', scripts: { dev: 'another' } });
    mkdirSync(join(folder, 'apps/empty'));
    const api = openPackage(join(folder, 'apps/api'));
    expect(scriptOf(api.at({ dir: '../web' }))).toBe('web');
    expect(scriptOf(api.at({ name: '../web' }))).toBe('web');
    expect(scriptOf(api.at({ name: '@shop/web' }))).toBe('web');
    expect([api.at({ dir: '../empty' }), api.at({ name: '@shop/none' }), api.at({ dir: '../none' })]).toEqual(
      [undefined, undefined, undefined],
    );
  });

  it('of pnpm are a workspace by their own file, and a folder without one is alone', () => {
    write('shop/apps/api', { name: 'api', scripts: { dev: 'api' } });
    write('shop/apps/web', { name: 'web', scripts: { dev: 'web' } });
    const api = openPackage(join(folder, 'shop/apps/api'));
    expect(scriptOf(api.at({ name: 'web' }))).toBeUndefined();
    writeFileSync(join(folder, 'shop/pnpm-workspace.yaml'), '');
    expect(scriptOf(api.at({ name: 'web' }))).toBe('web');
  });
});

describe('a number that somebody has', () => {
  const self = { root: '/work/shop', environment: 'dev', service: 'api' };
  const ownerOf = (more: object = {}): NonNullable<SeenHolder['owner']> => ({
    ...self,
    service: 'web',
    stack: 'shop',
    status: 'ready',
    ...more,
  });
  const stranger: SeenHolder = { pid: 7, command: 'x' };

  it.each<[string, SeenHolder, object]>([
    ['a stranger', stranger, { message: 'port 80 (http) is held by x (pid 7)', hint: 'end it: kill 7' }],
    [
      'what a crash has left',
      { ...stranger, belonging: 'left' },
      {
        message: 'port 80 (http) is held by x (pid 7), which a crash has left behind',
        hint: 'end it: portramp clean',
      },
    ],
    [
      'another service',
      { ...stranger, belonging: 'live', owner: ownerOf() },
      {
        message: 'port 80 (http) is held by web of shop, x (pid 7)',
        hint: 'end it: portramp stop --port 80',
      },
    ],
    [
      'nobody who can be seen',
      {},
      {
        message: 'port 80 (http) is held by a process that this user cannot see',
        hint: 'end it, then start the service again',
      },
    ],
  ])('is told with how to end %s', (_, holder, expected) => {
    expect(describeTaken(80, 'http', [holder])).toEqual(expected);
  });

  it.each<[string, SeenHolder | undefined, object | undefined]>([
    ['nobody', undefined, undefined],
    ['the service itself', { owner: ownerOf({ service: 'api' }) }, undefined],
    [
      'a service of that name of another stack',
      { owner: ownerOf({ service: 'api', root: '/x' }) },
      { isLasting: true },
    ],
    [
      'a service of that name elsewhere',
      { owner: ownerOf({ service: 'api', environment: 'e2e' }) },
      { isLasting: true },
    ],
    ['a service that stays', { owner: ownerOf() }, { isLasting: true }],
    ['a service that goes', { owner: ownerOf({ status: 'stopping' }) }, { isLasting: false }],
    ['a service that comes again', { owner: ownerOf({ status: 'restarting' }) }, { isLasting: false }],
    ['a stranger', stranger, { isLasting: false }],
  ])('of %s is denied, for as long as it stays', async (_, holder, expected) => {
    const denied = await findDenied([80, 81], self, async (number) =>
      number === 81 && holder !== undefined ? [holder] : undefined,
    );
    if (expected === undefined) expect(denied).toBeUndefined();
    else expect(denied).toEqual({ number: 81, holder, ...expected });
  });

  it.each([
    [
      { number: 80, holder: stranger, isLasting: false },
      90,
      'give api the port that PORT says (90), or end it: kill 7',
    ],
    [{ number: 80, holder: stranger, isLasting: false }, 80, 'end it: kill 7'],
    [{ number: 80, holder: stranger, isLasting: false }, undefined, 'end it: kill 7'],
    [{ number: 80, holder: {}, isLasting: false }, 80, 'end what has it'],
    [
      { number: 80, holder: { ...stranger, belonging: 'live', owner: ownerOf() }, isLasting: true } as const,
      80,
      'stop web: portramp stop --port 80',
    ],
  ])('%j is told what to do, where the service was given %s: %s', (denied, told, hint) => {
    expect(describeDenied(denied, told, 'api').hint).toBe(hint);
  });

  it('is asked of the daemon, and of the records whose process it is', async () => {
    const ask = (
      answer: object | undefined,
      belonging: () => Promise<'left' | undefined> = async () => 'left',
    ) =>
      askHolders(
        { request: async () => answer ?? Promise.reject(new Error('no daemon')) } as never,
        80,
        belonging,
      );
    expect(await ask(undefined)).toBeUndefined();
    expect(await ask({ free: true, holders: [stranger] })).toEqual([]);
    expect(await ask({ free: false, holders: [] })).toEqual([{ owner: undefined }]);
    expect(await ask({ free: false, holders: [stranger, {}] })).toEqual([
      { ...stranger, belonging: 'left', owner: undefined },
      { belonging: undefined, owner: undefined },
    ]);
    expect(await ask({ free: false, holders: [stranger], owner: ownerOf() })).toMatchObject([
      { belonging: 'live' },
    ]);
    expect(
      await ask({ free: false, holders: [stranger] }, () => Promise.reject(new Error('x'))),
    ).toMatchObject([{ belonging: undefined }]);
  });

  it('is asked once of a daemon that does not answer, whatever the number of ports', async () => {
    const daemon = { takes: 30_000, answers: false, asked: 0 };
    let now = 0;
    const request = async (): Promise<object> => {
      daemon.asked += 1;
      now += daemon.takes;
      return daemon.answers ? { free: true, holders: [] } : Promise.reject(new Error('no answer'));
    };
    const ask = createAskHolders({ request } as never, async () => undefined, { now: () => now });
    const askAll = async (): Promise<unknown[]> => [await ask(80), await ask(81), await ask(82)];
    expect(await askAll()).toEqual([undefined, undefined, undefined]);
    expect([daemon.asked, now]).toEqual([1, 30_000]);
    now += 5_000;
    daemon.answers = true;
    expect(await askAll()).toEqual([[], [], []]);
    // Slow is not silent; and one that is not there is asked as soon as it is.
    Object.assign(daemon, { answers: false, takes: 0, asked: 0 });
    await askAll();
    expect(daemon.asked).toBe(3);
  });

  it('is explained where a ramp cannot be opened', async () => {
    const ports = resolutionOf('services:\n  api: { command: x }\n').services.get('api')?.ports ?? [];
    const failure = (code: string, port: number): Error => Object.assign(new Error(code), { code, port });
    const explain = (error: Error): Promise<unknown> => explainUnopened(error, ports, async () => [stranger]);
    expect(await explain(failure('EADDRINUSE', 20_200))).toMatchObject({
      code: 'PORT_TAKEN',
      message: 'port 20200 (http) is held by x (pid 7)',
      hint: 'end it: kill 7',
    });
    expect(await explain(failure('EACCES', 20_200))).toMatchObject({
      code: 'SYSTEM',
      message: expect.stringContaining('port 20200 (http) may not be opened by this user'),
    });
    for (const error of [failure('EADDRINUSE', 1), failure('EMFILE', 20_200), new Error('x')])
      expect(await explain(error)).toBe(error);
  });
});
