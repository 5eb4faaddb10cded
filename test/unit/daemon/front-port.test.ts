import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  checkFrontPort,
  chooseFrontPorts,
  judgeHeld,
  type FrontChoice,
} from '../../../src/daemon/front-choice.ts';
import { describeUnreachable, openFrontPort, type FrontPort } from '../../../src/daemon/front-port.ts';
import { keepFrontNumber, readFrontNumber, type FrontNumber } from '../../../src/daemon/front-store.ts';
import { readFrontSettings } from '../../../src/daemon/settings.ts';
import { createManualClock } from '../manual-clock.ts';

const choose = (
  variable: number | undefined,
  file: number | undefined,
  stored: number | undefined,
): readonly number[] => decide(variable, file, stored).ports;

const decide = (
  variable: number | undefined,
  file: number | undefined,
  stored: number | undefined,
): FrontChoice =>
  chooseFrontPorts(
    { variable, file },
    stored === undefined ? undefined : { http: stored, moves: 3 },
    '/home/config.yaml',
  );

describe('the choice of the front port', () => {
  it('is 80, else 7267, at the first start', () => {
    expect(choose(undefined, undefined, undefined)).toEqual([80, 7267]);
  });

  it('is what the variable or the file says, the variable first', () => {
    expect(choose(8080, undefined, undefined)).toEqual([8080]);
    expect(choose(undefined, 8081, undefined)).toEqual([8081]);
    expect(choose(0, undefined, undefined)).toEqual([0]);
    expect(choose(undefined, 0, undefined)).toEqual([0]);
  });

  it('is kept; 0 matches any', () => {
    expect(choose(undefined, undefined, 7267)).toEqual([7267]);
    expect(choose(0, undefined, 7267)).toEqual([7267]);
    expect(choose(7267, 0, 7267)).toEqual([7267]);
  });

  it('moves only by an edit of the file', () => {
    expect(choose(undefined, 8081, 7267)).toEqual([8081]);
    expect(() => choose(8080, undefined, 7267)).toThrow(
      expect.objectContaining({
        code: 'FRONT_PORT_CONFLICT',
        message: 'PORTRAMP_HTTP_PORT asks for port 8080, but the front of this machine has port 7267',
        hint: 'unset PORTRAMP_HTTP_PORT, or write "httpPort: 8080" to /home/config.yaml to move the front',
      }),
    );
    expect(() => choose(8080, 8081, undefined)).toThrow(
      expect.objectContaining({ code: 'FRONT_PORT_CONFLICT' }),
    );
  });
});

describe('how often the front has moved', () => {
  it('counts the first choice, and every edit of the file that names another port', () => {
    expect(decide(undefined, undefined, undefined)).toMatchObject({ moves: 1, origin: 'guess' });
    expect(decide(8080, undefined, undefined)).toMatchObject({ moves: 1, origin: 'guess' });
    expect(decide(undefined, undefined, 7267)).toMatchObject({ moves: 3, origin: 'stored' });
    expect(decide(undefined, 7267, 7267)).toMatchObject({ moves: 3, origin: 'wish' });
    expect(decide(undefined, 8081, 7267)).toMatchObject({ moves: 4, origin: 'wish' });
    expect(decide(undefined, 8081, undefined)).toMatchObject({ moves: 1, origin: 'wish' });
  });
});

describe('a number that a runner remembers', () => {
  const has = (moves: number): FrontNumber => ({ http: 7267, moves });
  const held = (moves: number, http = 8123): FrontNumber => ({ http, moves });
  it.each([
    ['is right where the front has none', undefined, 'guess', held(1), { kind: 'move', to: held(1) }],
    ['is right against a guess', has(1), 'guess', held(1), { kind: 'move', to: held(2) }],
    ['is right when it is newer', has(2), 'stored', held(3), { kind: 'move', to: held(3) }],
    ['is wrong when it is as old as what is stored', has(2), 'stored', held(2), { kind: 'keep' }],
    ['is wrong when it is older', has(2), 'stored', held(1), { kind: 'keep' }],
    ['is wrong when it is older than a guess', has(2), 'guess', held(1), { kind: 'keep' }],
    ['is what the front has', has(2), 'stored', held(2, 7267), { kind: 'keep' }],
    ['brings its count', has(2), 'guess', held(5, 7267), { kind: 'count', moves: 5 }],
    ['loses against the settings, for good', has(1), 'wish', held(4), { kind: 'count', moves: 5 }],
    ['has lost against the settings before', has(5), 'wish', held(4), { kind: 'keep' }],
  ] as const)('%s', (_, front, origin, number, verdict) => {
    expect(judgeHeld(front, origin, number)).toEqual(verdict);
  });
});

describe('the file with the number', () => {
  let folder = '';
  let path = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portramp-front-'));
    path = join(folder, 'front.json');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('gives what was kept, also what an older portramp kept', async () => {
    expect(await readFrontNumber(path)).toEqual({ number: undefined, problem: undefined });
    await keepFrontNumber(path, { http: 7267, moves: 4 });
    expect((await readFrontNumber(path)).number).toEqual({ http: 7267, moves: 4 });
    writeFileSync(path, '{"http":8080}\n');
    expect((await readFrontNumber(path)).number).toEqual({ http: 8080, moves: 1 });
  });

  it.each([
    '',
    '{"ht',
    'null',
    '7267',
    '[]',
    '{"http":0}',
    '{"http":65536}',
    '{"http":80,"moves":-1}',
    '{"http":"80"}',
    '\0\0',
  ])('is set aside when it holds %j', async (text) => {
    writeFileSync(path, text);
    const { number, problem } = await readFrontNumber(path);
    expect(number).toBeUndefined();
    const aside = readdirSync(folder);
    expect(aside).toEqual([expect.stringMatching(/^front\.json\.corrupt-/)]);
    expect(problem).toContain(join(folder, aside[0] ?? ''));
    expect(readFileSync(join(folder, aside[0] ?? ''), 'utf8')).toBe(text);
  });

  it('is no reason to choose another number when it cannot be read', async () => {
    mkdirSync(path);
    await expect(readFrontNumber(path)).rejects.toMatchObject({
      code: 'STATE_FOLDER',
      message: expect.stringContaining(`cannot read ${path}`) as string,
      hint: expect.stringContaining(`mv ${path} ${path}.aside`) as string,
    });
  });
});

describe('a wish for a port where a daemon runs already', () => {
  const check = (variable: number | undefined, file: number | undefined, running: number | undefined) => () =>
    checkFrontPort({ variable, file }, running, '/home/config.yaml');

  it('is refused with how to move the front', () => {
    expect(check(8080, undefined, 7267)).toThrow(
      expect.objectContaining({
        code: 'FRONT_PORT_CONFLICT',
        message: 'PORTRAMP_HTTP_PORT asks for port 8080, but the front is running on port 7267',
        hint: 'to move it: write "httpPort: 8080" to /home/config.yaml, then "portramp daemon stop --force && portramp daemon start"; services keep running',
      }),
    );
    expect(check(undefined, 8081, 7267)).toThrow('/home/config.yaml asks for port 8081');
  });

  it('is fine where it is the port, or any', () => {
    for (const fine of [
      check(7267, 8080, 7267),
      check(0, 7267, 7267),
      check(0, 0, 7267),
      check(8080, 0, undefined),
    ]) {
      expect(fine).not.toThrow();
    }
  });
});

describe('the settings', () => {
  let folder = '';
  let path = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portramp-settings-'));
    path = join(folder, 'config.yaml');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('come from a variable and a file, either may be missing', async () => {
    expect(await readFrontSettings(path, {})).toEqual({ variable: undefined, file: undefined });
    writeFileSync(path, '# mine\nhttpPort: 8080\n');
    expect(await readFrontSettings(path, { PORTRAMP_HTTP_PORT: '0' })).toEqual({ variable: 0, file: 8080 });
    writeFileSync(path, '');
    expect(await readFrontSettings(path, { PORTRAMP_HTTP_PORT: '' })).toEqual({
      variable: undefined,
      file: undefined,
    });
  });

  it.each(['http', '-1', '65536', '80a', '1e3'])(
    'refuse the variable %j without repeating it',
    async (value) => {
      await expect(readFrontSettings(path, { PORTRAMP_HTTP_PORT: value })).rejects.toMatchObject({
        code: 'USAGE',
        message: 'PORTRAMP_HTTP_PORT is not a port number',
      });
    },
  );

  it.each([
    ['httpPort: eighty', '1:11 httpPort is a number from 0 to 65535'],
    ['httpPort: 70000', '1:11 httpPort is a number from 0 to 65535'],
    ['# mine\nhttpPort: [80]', '2:11 httpPort is a number from 0 to 65535'],
    ['httpPort: 8080\nport: 80', '2:1 there is no setting "port"'],
    ['- 80', '1:1 the settings are a map'],
    // A key without any value at all.
    ['? httpPort', '1:3 httpPort is a number from 0 to 65535'],
    ['a: [', /^1:5 \S/],
    ['httpPort: 80\nhttpPort: 81', /^2:1 .*unique/],
  ])('refuse the file %j with its place', async (text, problem) => {
    writeFileSync(path, text);
    const error: unknown = await readFrontSettings(path, {}).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'USAGE', hint: expect.stringContaining('httpPort: 8080') as string });
    const message = (error as Error).message;
    expect(message.slice(0, path.length + 1)).toBe(`${path}:`);
    expect(message.slice(path.length + 1)).toEqual(
      typeof problem === 'string' ? problem : expect.stringMatching(problem),
    );
  });
});

describe('opening the front port', () => {
  const system = (code: string): Error => Object.assign(new Error(code), { code });

  /** @param unwritable set while the number cannot be written down */
  function scene(taken: Map<number, string>) {
    const clock = createManualClock();
    const seen = {
      tried: [] as number[],
      remembered: [] as FrontNumber[],
      log: [] as string[],
      moves: [] as unknown[],
    };
    const disk = { problem: undefined as string | undefined };
    const options = {
      clock,
      listen: async (port: number) => {
        seen.tried.push(port);
        const problem = taken.get(port);
        if (problem !== undefined) throw system(problem);
        return port === 0 ? 54_321 : port;
      },
      remember: async (number: FrontNumber) => {
        if (disk.problem !== undefined) throw system(disk.problem);
        seen.remembered.push(number);
      },
      holdersOf: async () => [{ pid: 12, command: 'nginx', cwd: '/srv' }],
      onMove: (status: unknown, moves: number) => void seen.moves.push({ status, moves }),
      log: (line: string) => void seen.log.push(line),
    };
    const open = (ports: readonly number[], more: Partial<FrontChoice> = {}) =>
      openFrontPort({ ...options, choice: { ports, moves: 1, origin: 'guess', ...more } });
    return { clock, seen, open, taken, disk };
  }

  it('takes the first that works, remembers it and tells once how to get port 80', async () => {
    const { seen, open } = scene(new Map([[80, 'EACCES']]));
    const frontPort = await open([80, 7267]);
    expect(frontPort.status).toEqual({ http: 7267 });
    expect(seen.remembered).toEqual([{ http: 7267, moves: 1 }]);
    expect(frontPort.takeNotices()).toEqual([expect.stringContaining('port 7267')]);
    expect(frontPort.takeNotices()).toEqual([]);
  });

  it('is silent about a number that was asked for', async () => {
    const { seen, open, clock } = scene(new Map());
    const frontPort = await open([0]);
    expect(frontPort.status).toEqual({ http: 54_321 });
    expect(frontPort.takeNotices()).toEqual([]);
    expect(seen.remembered).toEqual([{ http: 54_321, moves: 1 }]);
    expect(clock.waiting).toBe(0);
  });

  it('names the holder, keeps the number in URLs, and tries again every second', async () => {
    const { clock, seen, open, taken } = scene(new Map([[7267, 'EADDRINUSE']]));
    const frontPort = await open([7267], { origin: 'stored' });
    const problem = "the front's port 7267 is held by nginx (pid 12, in /srv)";
    expect(frontPort.status).toEqual({ http: 7267, problem });
    expect(frontPort.problems).toEqual([problem]);
    expect(describeUnreachable(frontPort.status, '/home/config.yaml')).toBe(
      `${problem}: until it is free, no name of a service leads anywhere; to move the front: write "httpPort: 8080" to /home/config.yaml, then "portramp daemon stop --force && portramp daemon start"`,
    );
    await clock.advance(2_000);
    expect(seen.tried).toHaveLength(3);
    expect(seen.log).toEqual([problem]);
    taken.clear();
    await clock.advance(1_000);
    expect(frontPort.status).toEqual({ http: 7267 });
    expect(describeUnreachable(frontPort.status, '/home/config.yaml')).toBeUndefined();
    await clock.advance(5_000);
    expect(seen.tried).toHaveLength(4);
  });

  it('stops trying when it is closed', async () => {
    const { clock, open } = scene(new Map([[7267, 'EACCES']]));
    const frontPort = await open([7267]);
    expect(frontPort.status.problem).toBe("the front's port 7267 may not be bound by this user");
    await frontPort.close();
    expect(clock.waiting).toBe(0);
  });

  it('does not try again when it is closed during a try', async () => {
    const clock = createManualClock();
    let closing: Promise<void> | undefined;
    const frontPort: FrontPort = await openFrontPort({
      choice: { ports: [7267], moves: 1, origin: 'guess' },
      clock,
      listen: async () => {
        if (clock.now() > 0) closing = frontPort.close();
        throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      },
      remember: async () => undefined,
      holdersOf: async () => [],
      onMove: () => undefined,
      log: () => undefined,
    });
    await clock.advance(1_000);
    expect(closing).toBeDefined();
    await closing;
    expect(clock.waiting).toBe(0);
  });

  it('does not write its number later when it is closed', async () => {
    const { clock, open, disk } = scene(new Map());
    disk.problem = 'EROFS';
    const frontPort = await open([7267]);
    await frontPort.close();
    expect(clock.waiting).toBe(0);
  });

  it('serves where the number cannot be written down, says so once, and writes it later', async () => {
    const { clock, seen, open, disk } = scene(new Map());
    disk.problem = 'EROFS';
    const frontPort = await open([7267]);
    const problem = "the front's port 7267 will not be remembered: EROFS";
    expect(frontPort.status).toEqual({ http: 7267 });
    expect(frontPort.problems).toEqual([problem]);
    expect(frontPort.takeNotices()).toEqual([problem]);
    await clock.advance(60_000);
    expect(frontPort.takeNotices()).toEqual([]);
    expect(seen.log.filter((line) => line === problem)).toHaveLength(1);
    // One listener, however long it goes on.
    expect(seen.tried).toEqual([7267]);
    disk.problem = undefined;
    await clock.advance(10_000);
    expect(frontPort.problems).toEqual([]);
    expect(seen.remembered).toEqual([{ http: 7267, moves: 1 }]);
    expect(clock.waiting).toBe(0);
  });

  it('moves to the number that a runner knew, and tells the others', async () => {
    const { seen, open, clock } = scene(new Map());
    const frontPort = await open([80, 7267]);
    await Promise.all([
      frontPort.adopt({ http: 8123, moves: 1 }),
      frontPort.adopt({ http: 8123, moves: 1 }),
      frontPort.adopt({ http: 80, moves: 1 }),
    ]);
    expect(frontPort.status).toEqual({ http: 8123 });
    expect(seen.tried).toEqual([80, 8123]);
    expect(seen.remembered.at(-1)).toEqual({ http: 8123, moves: 2 });
    expect(seen.moves).toEqual([{ status: { http: 8123 }, moves: 2 }]);
    expect(frontPort.takeNotices()).toEqual([
      'the front has port 8123 again, which a running stack knew, in place of 80',
    ]);
    expect(clock.waiting).toBe(0);
  });

  it('waits for the number that a runner knew while somebody else holds it', async () => {
    const { seen, open, taken, clock } = scene(new Map([[8123, 'EADDRINUSE']]));
    const frontPort = await open([0]);
    await frontPort.adopt({ http: 8123, moves: 1 });
    const problem = "the front's port 8123 is held by nginx (pid 12, in /srv)";
    expect(frontPort.status).toEqual({ http: 8123, problem });
    await clock.advance(3_000);
    expect(new Set(seen.tried)).toEqual(new Set([0, 8123]));
    taken.clear();
    await clock.advance(1_000);
    expect(frontPort.status).toEqual({ http: 8123 });
    expect(seen.remembered.at(-1)).toEqual({ http: 8123, moves: 2 });
  });

  it('tries no number of its own any more when a runner knew another one', async () => {
    const { seen, open, clock } = scene(
      new Map([
        [80, 'EACCES'],
        [7267, 'EADDRINUSE'],
      ]),
    );
    const frontPort = await open([80, 7267]);
    await frontPort.adopt({ http: 8123, moves: 1 });
    await clock.advance(5_000);
    expect(seen.tried).toEqual([80, 7267, 8123]);
    expect(frontPort.status).toEqual({ http: 8123 });
  });
});
