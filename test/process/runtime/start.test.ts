/** Real processes: what a start tells, and that nothing of an instance is left after its end. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Exit, Instance, ProcessSpec } from '../../../src/runtime/instance.ts';
import { startProcess } from '../../../src/runtime/process/start.ts';
import { survey } from '../../../src/runtime/process/survey.ts';

let dir: string;
let marker: string;
let instances: Instance[];
let output: string;

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-process-')));
  marker = `${randomBytes(6).toString('hex')}.api.1`;
  instances = [];
  output = '';
});

afterEach(async () => {
  for (const instance of instances) instance.kill();
  await Promise.all(instances.map((instance) => instance.exited));
  expect(await leftovers()).toEqual([]);
  rmSync(dir, { recursive: true });
});

const leftovers = async () => (await survey.take()).carriersOf(marker);

const specOf = (command: ProcessSpec['command'], more: Partial<ProcessSpec> = {}): ProcessSpec => ({
  command,
  dir,
  env: { ...(process.env as Record<string, string>), PORTRAMP_RUN: marker },
  stop: { signal: 'SIGTERM', timeout: 5_000 },
  marker,
  onOutput: (_stream, chunk) => {
    output += chunk.toString();
    look();
    return undefined;
  },
  ...more,
});

let look = (): void => undefined;

/** Resolves when the instance has printed this. */
const printed = (pattern: RegExp): Promise<RegExpExecArray> =>
  new Promise((resolve) => {
    look = () => {
      const match = pattern.exec(output);
      if (match !== null) resolve(match);
    };
    look();
  });

async function start(command: ProcessSpec['command'], more: Partial<ProcessSpec> = {}): Promise<Instance> {
  const result = await startProcess(specOf(command, more));
  if (!result.ok) throw new Error(result.failure.message);
  instances.push(result.instance);
  return result.instance;
}

async function failure(command: ProcessSpec['command'], more: Partial<ProcessSpec> = {}) {
  const result = await startProcess(specOf(command, more));
  return result.ok ? undefined : result.failure;
}

const isGone = async (pid: number): Promise<boolean> => (await survey.take()).get(pid) === undefined;

describe('a start that fails', () => {
  it('says why, and what to do', async () => {
    expect(await failure(['no-such-program'])).toMatchObject({
      message: 'command not found: no-such-program',
    });
    writeFileSync(join(dir, 'tool.sh'), 'echo hello');
    expect(await failure(['./tool.sh'])).toEqual({
      message: './tool.sh may not be executed',
      hint: 'chmod +x ./tool.sh',
    });
    expect(await failure(['ls'], { dir: join(dir, 'nowhere') })).toMatchObject({
      message: expect.stringMatching(/nowhere does not exist/) as string,
    });
    expect(await failure(['ls'], { dir: join(dir, 'tool.sh') })).toMatchObject({
      message: expect.stringMatching(/is not a folder/) as string,
    });
    expect(await failure([])).toEqual({ message: 'the command is empty' });
  });
});

describe('an instance', () => {
  it('tells its end after its output', async () => {
    const instance = await start('echo out; echo err >&2; exit 3');
    expect(await instance.exited).toEqual<Exit>({ code: 3, signal: null });
    expect(output).toMatch(/out/);
    expect(output).toMatch(/err/);
  });

  it('takes a list as it is, without a shell', async () => {
    const instance = await start(['echo', '$HOME; *']);
    await instance.exited;
    expect(output).toBe('$HOME; *\n');
  });

  it.each([
    ['a shell around it', 'sh -c "sleep 1000 & echo child \\$!; wait"'],
    ['npm around it', 'npm run --silent serve'],
    ['a session of its own', 'setsid sh -c "echo child \\$\\$; exec sleep 1000" & wait'],
    [
      'an empty environment and its own session',
      'setsid env -i sh -c "echo child \\$\\$; exec sleep 1000" & wait',
    ],
    ['its parent gone', 'sh -c "setsid sleep 1000 & echo child \\$!" ; sleep 1000'],
  ])('is gone as a whole when it is stopped, with %s', async (_what, command) => {
    writeFileSync(
      join(dir, 'package.json'),
      JSON.stringify({
        scripts: {
          serve: `${process.execPath} -e "console.log('child', process.pid); setInterval(() => {}, 1000)"`,
        },
      }),
    );
    const instance = await start(command);
    const [, child] = await printed(/child (\d+)/);
    instance.stop({ signal: 'SIGTERM', timeout: 5_000 });
    await instance.exited;
    expect(await isGone(Number(child))).toBe(true);
    expect(await isGone(instance.pid)).toBe(true);
  });

  it('is killed at the deadline, however it defends itself', async () => {
    const instance = await start("trap '' TERM INT; echo up; while :; do sleep 1; done");
    await printed(/up/);
    instance.stop({ signal: 'SIGTERM', timeout: 100 });
    expect(await instance.exited).toEqual<Exit>({ code: null, signal: 'SIGKILL' });
  });

  it('has left nothing behind when its leader ends by itself', async () => {
    const instance = await start('sleep 1000 & echo child $!; exit 0');
    const [, child] = await printed(/child (\d+)/);
    expect(await instance.exited).toEqual<Exit>({ code: 0, signal: null, left: true });
    expect(await isGone(Number(child))).toBe(true);
  });

  it('goes on when it closes its output, and is heard of when it ends', async () => {
    const instance = await start('exec >&- 2>&-; sleep 0.1; exit 4');
    expect(await instance.exited).toEqual<Exit>({ code: 4, signal: null });
  });

  it('can read from a stdin that stays open', async () => {
    const instance = await start('echo up; cat; echo closed');
    await printed(/up/);
    instance.stop({ signal: 'SIGTERM', timeout: 5_000 });
    await instance.exited;
    expect(output).toBe('up\n');
  });

  it('waits for who reads its output', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let chunks = 0;
    const instance = await start(['sh', '-c', 'yes | head -c 10000000'], {
      onOutput: () => {
        chunks += 1;
        return chunks === 1 ? held : undefined;
      },
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(await isGone(instance.pid)).toBe(false);
    release();
    expect(await instance.exited).toEqual<Exit>({ code: 0, signal: null });
  });
});
