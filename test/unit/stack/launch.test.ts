/** What is started for a service: after its numbers were looked at, and with what it is told. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { ResolvedService } from '../../../src/plan/plan.ts';
import type { Instance, ProcessSpec, StartResult } from '../../../src/runtime/instance.ts';
import { launch, type LaunchOptions } from '../../../src/stack/launch.ts';
import { openTaskRecord } from '../../../src/stack/tasks/record.ts';
import { eventually } from '../../eventually.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';
import { resolutionOf } from '../plan/stack.ts';

const { started } = vi.hoisted(() => ({ started: vi.fn<(spec: ProcessSpec) => Promise<StartResult>>() }));
vi.mock('../../../src/runtime/process/start.ts', () => ({ startProcess: started }));

let folder: string;
let service: ResolvedService;
/** Numbers that somebody else has. */
let taken: Map<number, number>;
let asked: number[];
/** What was asked to be done about numbers. */
let moved: string[];
let move: (port: string) => boolean;
let ended: Map<number, (code: number) => void>;
let clock: ManualClock;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-launch-')));
  [taken, asked, moved, move, ended] = [new Map(), [], [], () => false, new Map()];
  clock = createManualClock();
  let count = 0;
  started.mockReset().mockImplementation(async () => {
    const number = (count += 1);
    const exited = new Promise<{ code: number }>((resolve) => {
      ended.set(number, (code) => resolve({ code }));
    });
    return { ok: true, instance: { exited } as unknown as Instance };
  });
});

afterEach(() => rmSync(folder, { recursive: true }));

function serviceOf(fields: string, more: Partial<ResolvedService> = {}): ResolvedService {
  const { services, diagnostics } = resolutionOf(`services:\n  api: { ${fields} }\n`);
  const found = services.get('api');
  if (found === undefined) throw new Error(JSON.stringify(diagnostics));
  return { ...found, dir: folder, ...more };
}

const begin = (more: Partial<LaunchOptions> = {}): ReturnType<typeof launch> =>
  launch({
    service: () => service,
    ambient: { PATH: '/bin', HOME: '/home/me' },
    marker: 'run.api.1',
    color: false,
    holdersOf: async (number) => {
      asked.push(number);
      const pid = taken.get(number);
      return pid === undefined ? [] : [{ pid, command: 'x' }];
    },
    clock,
    reassign: async (port, holder) => {
      moved.push(`${port} from ${holder?.pid ?? 'nobody'}`);
      return move(port);
    },
    forget: async (port) => {
      moved.push(`forget ${port}`);
    },
    onOutput: () => undefined,
    tasks: openTaskRecord({ path: join(folder, 'state', 'tasks.json'), onProblem: () => undefined }),
    forced: false,
    ...more,
  });

const specOf = (): ProcessSpec => {
  const [spec] = started.mock.lastCall ?? [];
  if (spec === undefined) throw new Error('nothing was started');
  return spec;
};

describe('a number that somebody still has', () => {
  const stopping = { service: 'old', stack: 'shop', root: '/shop', environment: 'dev', status: 'stopping' };
  type Holder = NonNullable<Awaited<ReturnType<LaunchOptions['holdersOf']>>>[number];

  /** @param until the time at which the number is free */
  async function startBeside(holder: Holder, until: number): Promise<unknown> {
    service = serviceOf('command: node x.js, ports: { http: { static: 20007 } }');
    const holdersOf = async (): Promise<readonly Holder[]> => (clock.now() < until ? [holder] : []);
    let result: unknown;
    void begin({ holdersOf }).then((found) => (result = found));
    await clock.advance(20_000);
    await eventually(() => expect(result).toBeDefined());
    return result;
  }

  it.each([
    ['a service that is being stopped', { pid: 7, owner: stopping }, 12_000],
    ['a process that has just ended', {}, 1_500],
  ])('is waited for: %s', async (_, holder, until) => {
    expect(await startBeside(holder, until)).toMatchObject({ ok: true });
    expect(started).toHaveBeenCalledOnce();
  });

  it.each([
    ['a service that is being stopped, for ever', { pid: 7, owner: stopping }, Infinity],
    ['one that nobody can see', {}, Infinity],
    ['a stranger', { pid: 7, command: 'x' }, 1_500],
    ['another service', { pid: 7, owner: { ...stopping, status: 'ready' } }, 1_500],
  ])('is a failure: %s', async (_, holder, until) => {
    expect(await startBeside(holder, until)).toMatchObject({ ok: false });
    expect(started).not.toHaveBeenCalled();
  });
});

describe('a service', () => {
  it('is started in its folder with its environment, its number and its mark', async () => {
    service = serviceOf('command: [node, x.js], env: { A: b }, stop: { signal: SIGINT }');
    expect(await begin()).toMatchObject({ ok: true });
    const { command, dir, env, marker, stop } = specOf();
    expect({ command, dir, marker, signal: stop.signal }).toEqual({
      command: ['node', 'x.js'],
      dir: folder,
      marker: 'run.api.1',
      signal: 'SIGINT',
    });
    expect(env).toMatchObject({ A: 'b', PORT: '20200', PATH: '/bin', HOME: '/home/me' });
    expect(asked).toEqual([20_200]);
    expect(moved).toEqual([]);
  });

  it('gets the flags that its program wants in place of PORT, for its primary port', async () => {
    service = serviceOf('command: vite, ports: { admin: {}, web: { primary: true } }');
    await begin();
    expect(specOf().command).toBe('vite --port 20201 --strictPort --host 127.0.0.1');
  });

  it('without ports is started as it is', async () => {
    service = serviceOf('command: vite, ports: false');
    await begin();
    expect([specOf().command, asked]).toEqual(['vite', []]);
  });

  it.each(['external', 'compose'] as const)('of the kind %s is not started as a process', async (kind) => {
    const { service: contract } = serviceOf('command: x');
    service = serviceOf('command: x', { service: { ...contract, kind } as never });
    expect(await begin()).toMatchObject({ ok: false, failure: { message: expect.stringContaining(kind) } });
    expect(started).not.toHaveBeenCalled();
  });
});

describe('a number that somebody else has', () => {
  it('is a failure that names the holder, without an attempt', async () => {
    service = serviceOf('command: x');
    taken.set(20_200, 7);
    expect(await begin()).toEqual({
      ok: false,
      failure: { message: 'port 20200 (http) is held by x (pid 7)', hint: 'end it: kill 7' },
    });
    expect([started.mock.calls.length, moved]).toEqual([0, []]);
  });

  it('is changed where the contract says so, as often as five times', async () => {
    service = serviceOf('command: x, transition: { onConflict: reassign }');
    for (let number = 20_200; number < 20_220; number += 1) taken.set(number, 7);
    move = () => {
      service = {
        ...service,
        ports: service.ports.map((port) => ({
          ...port,
          port: port.port + 1,
          targetPort: port.targetPort + 1,
        })),
      };
      return true;
    };
    expect(await begin()).toMatchObject({
      ok: false,
      failure: { message: expect.stringContaining('port 20205') },
    });
    expect(moved).toEqual(Array.from({ length: 5 }, () => 'http from 7'));
    taken.clear();
    expect(await begin()).toMatchObject({ ok: true });
  });

  it('that cannot be changed is a failure all the same', async () => {
    service = serviceOf('command: x, transition: { onConflict: reassign }');
    taken.set(20_200, 7);
    expect(await begin()).toMatchObject({ ok: false });
    expect(moved).toEqual(['http from 7']);
  });

  it('does not matter to a listener that is external, nor where nobody can tell', async () => {
    service = serviceOf('command: x, ports: { http: { listener: external } }');
    taken.set(20_200, 7);
    expect(await begin()).toMatchObject({ ok: true });
    service = serviceOf('command: x');
    expect(await begin({ holdersOf: async () => undefined })).toMatchObject({ ok: true });
  });

  it('is forgotten where the service only listened on it the last time', async () => {
    service = serviceOf('command: x');
    const [port] = service.ports;
    if (port === undefined) throw new Error('no port');
    service = { ...service, ports: [{ ...port, leased: 20_200, targetPort: 3_000, port: 3_000 }] };
    taken.set(3_000, 7);
    await begin();
    expect(moved).toEqual(['forget http']);
    moved = [];
    taken.clear();
    await begin();
    expect(moved).toEqual([]);
  });
});

describe('a task', () => {
  const task = (run: string): void => {
    const inputs = run === 'changed' ? ', inputs: ["*.txt"]' : '';
    service = serviceOf(`kind: task, command: make, run: ${run}${inputs}`);
  };
  const succeed = async (code = 0): Promise<void> => {
    const number = started.mock.calls.length;
    ended.get(number)?.(code);
    // What is remembered is on disk a moment later.
    await eventually(() => code === 0 && statSync(join(folder, 'state', 'tasks.json')));
  };

  it('has nothing to do when nothing has changed since it succeeded, unless it is forced', async () => {
    writeFileSync(join(folder, 'a.txt'), '1');
    task('changed');
    expect(await begin()).toMatchObject({ ok: true });
    await succeed(1);
    expect(await begin()).toMatchObject({ ok: true });
    await succeed();
    expect(await begin()).toEqual({ skipped: true });
    expect(await begin({ forced: true })).toMatchObject({ ok: true });
    writeFileSync(join(folder, 'a.txt'), '2');
    expect(await begin()).toMatchObject({ ok: true });
  });

  it('that runs once is done after that, whatever changes', async () => {
    task('once');
    await begin();
    await succeed();
    writeFileSync(join(folder, 'a.txt'), '2');
    expect(await begin()).toEqual({ skipped: true });
  });

  it('that runs always is never done, and remembers nothing', async () => {
    task('always');
    await begin();
    ended.get(1)?.(0);
    expect(await begin()).toMatchObject({ ok: true });
    expect(() => statSync(join(folder, 'state'))).toThrow(/ENOENT/);
  });

  it('keeps what others remember in a file for its user alone, and takes a broken one for none', async () => {
    task('once');
    await begin();
    await succeed();
    const path = join(folder, 'state', 'tasks.json');
    expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
    const { api } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    for (const text of [
      '',
      '[]',
      'null',
      '3',
      '{"api":3}',
      '{"api":null}',
      '{"api":{}}',
      '{"api":{"fingerprint":1}}',
    ]) {
      writeFileSync(path, text);
      expect(await begin()).toMatchObject({ ok: true });
    }
    writeFileSync(path, JSON.stringify({ other: api, odd: 3 }));
    await begin();
    ended.get(started.mock.calls.length)?.(0);
    await eventually(() =>
      expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')) as object)).toEqual(['other', 'api']),
    );
  });
});
