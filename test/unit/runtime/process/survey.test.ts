import { describe, expect, it } from 'vitest';

import { createBirths, lookTogether } from '../../../../src/runtime/process/births.ts';
import { createSurvey } from '../../../../src/runtime/process/survey.ts';
import type { ProcessEntry, ProcessTable } from '../../../../src/runtime/process/table.ts';
import { entry } from './machine.ts';

/** A machine whose looks take as long as the test says. */
function createScene() {
  let now = 0;
  const state = {
    looks: 0,
    cost: 2,
    failures: 0,
    rests: [] as number[],
    onLook: (): void => undefined,
  };
  const list = async (): Promise<ProcessEntry[]> => {
    state.looks += 1;
    const look = entry(state.looks);
    state.onLook();
    now += state.cost;
    await Promise.resolve();
    if (state.failures === 0) return [look];
    state.failures -= 1;
    throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  };
  const pause = async (ms: number): Promise<void> => {
    state.rests.push(ms);
    now += ms;
  };
  const advance = (ms: number): void => void (now += ms);
  return Object.assign(state, { advance, survey: createSurvey({ list, now: () => now, pause }) });
}

describe('a survey', () => {
  it('looks once for all who ask in one turn', async () => {
    const scene = createScene();
    const tables = await Promise.all(Array.from({ length: 200 }, () => scene.survey.take()));
    expect(scene.looks).toBe(1);
    expect(new Set(tables).size).toBe(1);
  });

  it('answers hundreds in slices, between which the event loop turns', async () => {
    const scene = createScene();
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    let atFirst = 0;
    const asked = Array.from({ length: 200 }, async (_, index) => {
      await scene.survey.take();
      if (index === 0) {
        atFirst = turns;
        setImmediate(turn);
      }
      // What an instance does with its answer.
      scene.advance(2);
    });
    await Promise.all(asked);
    isOver = true;
    expect(scene.looks).toBe(1);
    // 400 ms of work, at most 20 in a row and one answer more.
    expect(turns - atFirst).toBeGreaterThanOrEqual(15);
  });

  it('gives its last table to who wants no newer one, and looks where that is too old', async () => {
    const scene = createScene();
    const first = await scene.survey.recent(1_000);
    expect(scene.looks).toBe(1);
    scene.advance(1_000);
    expect(await scene.survey.recent(1_000)).toBe(first);
    expect(await scene.survey.recent(999)).not.toBe(first);
    expect(scene.looks).toBe(2);
    expect(await scene.survey.recent(0)).toBe(await scene.survey.recent(0));
    await scene.survey.take();
    expect(scene.looks).toBe(3);
  });

  it('gives nobody a look that had begun before', async () => {
    const scene = createScene();
    const during = new Promise<ProcessTable>((resolve) => {
      scene.onLook = () => void scene.survey.take().then(resolve);
    });
    expect((await scene.survey.take()).get(1)).toBeDefined();
    scene.onLook = () => undefined;
    expect((await during).get(2)).toBeDefined();
    expect(scene.looks).toBe(2);
  });

  it('rests for nine times what a look took, and never for long', async () => {
    const scene = createScene();
    for (const cost of [2, 10, 1_000]) {
      scene.cost = cost;
      await scene.survey.take();
    }
    await scene.survey.take();
    expect(scene.rests).toEqual([18, 90, 250]);
  });

  it('looks again when a look failed: whoever asked has an answer that was seen', async () => {
    const scene = createScene();
    scene.failures = 3;
    expect((await scene.survey.take()).size).toBe(1);
    expect(scene.looks).toBe(4);
    expect(scene.rests).toEqual([100, 100, 100]);
  });
});

describe('who was born', () => {
  function createMachine() {
    const machine = {
      now: 0,
      last: 100 as number | undefined,
      processes: new Map<number, ProcessEntry>([[7, entry(7)]]),
      /** Can be read by their number, and are in no list (proc(5)). */
      threads: new Map<number, ProcessEntry>(),
      reads: [] as number[],
      lists: 0,
      fails: false,
    };
    const births = createBirths({
      lastBirth: () => machine.last,
      listPids: () => {
        if (machine.fails) throw new Error('too many open files');
        machine.lists += 1;
        return [...machine.processes.keys()];
      },
      read: (pid) => {
        machine.reads.push(pid);
        return machine.processes.get(pid) ?? machine.threads.get(pid);
      },
      now: () => machine.now,
    });
    const look = async () => {
      machine.reads = [];
      return births.look();
    };
    return { machine, look };
  }

  it('is not asked while no number was given out', async () => {
    const { machine, look } = createMachine();
    const first = await look();
    expect(await look()).toBe(first);
    expect(machine.lists).toBe(1);
  });

  it('is found, and nobody else is read again', async () => {
    const { machine, look } = createMachine();
    const first = await look();
    machine.processes.set(101, entry(101, { ppid: 7 }));
    machine.last = 101;
    const second = await look();
    expect(second).not.toBe(first);
    expect(second?.descendantsOf(7)).toHaveLength(1);
    expect(new Set(machine.reads)).toEqual(new Set([101]));
    machine.processes.delete(7);
    machine.processes.set(102, entry(102));
    machine.last = 102;
    expect((await look())?.get(7)).toBeUndefined();
    expect(new Set(machine.reads)).toEqual(new Set([102]));
  });

  it('is nobody where numbers went to threads, and to programs that have ended again', async () => {
    const { machine, look } = createMachine();
    machine.threads.set(102, entry(102, { ppid: 7 }));
    const first = await look();
    machine.last = 101;
    expect(await look()).toBe(first);
    expect(machine.lists).toBe(1);
    machine.last = 103;
    expect(await look()).toBe(first);
    expect((await look())?.size).toBe(1);
  });

  it('is found by the look after, where the number was given out a moment before the process could be seen', async () => {
    const { machine, look } = createMachine();
    await look();
    machine.last = 101;
    await look();
    machine.processes.set(101, entry(101, { ppid: 7 }));
    expect((await look())?.descendantsOf(7)).toHaveLength(1);
    await look();
    await look();
    expect(machine.reads).toEqual([]);
  });

  it('is found by a list where many numbers were given out', async () => {
    const { machine, look } = createMachine();
    await look();
    machine.processes.set(90_000, entry(90_000, { ppid: 7 }));
    machine.last = 100_000;
    expect((await look())?.descendantsOf(7)).toHaveLength(1);
    expect(machine.reads).toEqual([90_000]);
  });

  it.each([
    ['numbers began anew', { last: 3 }],
    ['nobody tells the last number', { last: undefined }],
    ['ten minutes have gone by', { now: 600_000 }],
  ])('is everybody when %s', async (_what, change) => {
    const { machine, look } = createMachine();
    await look();
    Object.assign(machine, change);
    await look();
    expect(machine.reads).toEqual([7]);
  });

  it('is unknown while nobody can look, and known again after that', async () => {
    const { machine, look } = createMachine();
    machine.fails = true;
    expect(await look()).toBeUndefined();
    machine.fails = false;
    expect((await look())?.size).toBe(1);
  });
});

it('are looked at once for all who ask within a moment', async () => {
  let now = 0;
  let looks = 0;
  const look = lookTogether(
    {
      look: async () => {
        looks += 1;
        return undefined;
      },
    },
    () => now,
  );
  await Promise.all([look(), look()]);
  now = 500;
  await look();
  expect(looks).toBe(1);
  now = 501;
  await look();
  expect(looks).toBe(2);
});
