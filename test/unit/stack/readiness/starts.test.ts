/** How long silence is ordinary, by how a service started the last time. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../../eventually.ts';
import type { Verdict } from '../../../../src/stack/readiness/assess.ts';
import { openStartMemory, patienceAfter } from '../../../../src/stack/readiness/starts.ts';
import { resolutionOf } from '../../plan/stack.ts';
import { createManualClock, type ManualClock } from '../../manual-clock.ts';

const serviceOf = (command: string) =>
  resolutionOf(`services:\n  api: { command: ${command} }\n`).services.get('api')!;
const api = serviceOf('run');
const READY: Verdict = { kind: 'ready' };
const SILENT: Verdict = {
  kind: 'silent',
  passable: true,
  port: { name: 'http', number: 1, implicit: true, listens: false, since: 0, listened: false },
};

let folder: string;
let path: string;
let clock: ManualClock;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-starts-'));
  path = join(folder, 'tasks', 'shop.starts.json');
  clock = createManualClock();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the next run of the stack knows. */
async function next(service = api): Promise<number> {
  const memory = openStartMemory(path, clock);
  await memory.close();
  return memory.begin(service).patience();
}

describe('the patience with a service', () => {
  it('is twice what it took the last time, and 15 s at least', async () => {
    const memory = openStartMemory(path, clock);
    const start = memory.begin(api);
    expect(start.patience()).toBe(15_000);
    await clock.advance(40_000);
    start.learn(READY, true);
    await memory.close();
    expect(await next()).toBe(80_000);
    expect([100, 7_500, 10_000_000].map(patienceAfter)).toEqual([15_000, 15_000, 600_000]);
  });

  it('is short with one that has never opened a port, until it does', async () => {
    const memory = openStartMemory(path, clock);
    const start = memory.begin(api);
    start.learn(SILENT, false);
    expect(memory.begin(api).patience()).toBe(2_000);
    await memory.close();
    expect(await next()).toBe(2_000);
    await clock.advance(20_000);
    start.learn(READY, true);
    await memory.close();
    expect(await next()).toBe(40_000);
  });

  it('does not learn of one that still computes that it has no port', async () => {
    const memory = openStartMemory(path, clock);
    const start = memory.begin(api);
    start.learn({ ...SILENT, busy: true }, false);
    expect([start.patience(), start.took()]).toEqual([15_000, undefined]);
    start.learn(SILENT, false);
    expect([start.patience(), start.took()]).toEqual([2_000, undefined]);
    await clock.advance(70_000);
    start.learn(READY, true);
    expect(memory.begin(api).took()).toBe(70_000);
    expect(memory.begin(serviceOf('other')).took()).toBeUndefined();
    await memory.close();
  });

  it('knows nothing of another command, and learns nothing where nothing listens', async () => {
    const memory = openStartMemory(path, clock);
    memory.begin(api).learn(SILENT, false);
    await memory.close();
    expect(await next(serviceOf('run --port 1'))).toBe(15_000);
    memory.begin(serviceOf('work')).learn(READY, false);
    await memory.close();
    expect(await next()).toBe(2_000);
  });

  it('is the usual one where what was kept is broken, or cannot be kept', async () => {
    writeFileSync(join(folder, 'tasks'), 'in the way');
    const memory = openStartMemory(path, clock);
    memory.begin(api).learn(SILENT, false);
    await memory.close();
    await eventually(async () => expect(await next()).toBe(15_000));
    rmSync(join(folder, 'tasks'));
    path = join(folder, 'broken.json');
    for (const text of ['{', '[]', '{"api": {"command": 1, "took": "never"}}', 'null']) {
      writeFileSync(path, text);
      expect(await next()).toBe(15_000);
    }
  });
});
