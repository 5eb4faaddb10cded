import { describe, expect, it } from 'vitest';

import { Emitter } from '../../../../src/lib/emitter.ts';
import { watchReadiness } from '../../../../src/stack/readiness/watch.ts';
import type { Finding } from '../../../../src/stack/readiness/watch-options.ts';
import { createManualClock } from '../../manual-clock.ts';

it('looks at all that is ready on one beat, between 5 and 15 s after the last look', async () => {
  const clock = createManualClock();
  const looks = new Map<string, number[]>();
  const begin = (name: string): (() => void) => {
    const times: number[] = [];
    looks.set(name, times);
    const { end } = watchReadiness({
      ready: { kind: 'default', interval: 250, timeout: undefined },
      usual: {
        look: async () => {
          times.push(clock.now());
          return undefined;
        },
        problem: () => undefined,
        onChange: () => () => undefined,
      },
      ports: [],
      dir: '/',
      stamp: undefined,
      run: async () => undefined,
      clock,
      onLine: () => () => undefined,
      onFinding: () => undefined,
    });
    return end;
  };
  const ends: (() => void)[] = [];
  for (const name of ['api', 'web', 'db']) {
    ends.push(begin(name));
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(3_100);
  }
  await clock.advance(60_000);
  const relaxed = [...looks.values()].map(([, ...later]) => later);
  expect(new Set(relaxed.map((times) => times.slice(-5).join())).size).toBe(1);
  for (const times of looks.values()) {
    for (const [index, time] of times.entries()) {
      const pause = time - (times[index - 1] ?? time - 10_000);
      expect(pause).toBeGreaterThanOrEqual(5_000);
      expect(pause).toBeLessThanOrEqual(15_000);
    }
  }
  for (const end of ends) end();
  expect(clock.waiting).toBe(0);
});

/** A service that is looked at; `problem` may be changed. */
function watch(given: Partial<Parameters<typeof watchReadiness>[0]> = {}) {
  const clock = createManualClock();
  const scene = { problem: 'connection refused' as string | undefined, looks: 0 };
  const findings: Finding[] = [];
  const changes = new Emitter<undefined>();
  const { end } = watchReadiness({
    ready: { kind: 'default', interval: 250, timeout: undefined },
    usual: {
      look: async () => {
        scene.looks += 1;
        return scene.problem;
      },
      problem: () => undefined,
      onChange: (listener) => changes.on(listener),
    },
    ports: [],
    dir: '/',
    stamp: undefined,
    run: async () => undefined,
    clock,
    onLine: () => () => undefined,
    onFinding: (finding) => findings.push(finding),
    ...given,
  });
  return { clock, scene, findings, end, changes };
}

const kinds = (findings: readonly Finding[]): string[] => findings.map(({ kind }) => kind);

describe('a deadline', () => {
  const ready = { kind: 'default', interval: 250, timeout: 20_000 } as const;

  it('is told with what the last look found', async () => {
    const { clock, findings, end } = watch({ ready });
    await clock.advance(19_999);
    expect(findings).toEqual([]);
    await clock.advance(1);
    expect(findings).toEqual([{ kind: 'deadline', after: 20_000, problem: 'connection refused' }]);
    end();
    expect(clock.waiting).toBe(0);
  });

  it.each([
    ['the contract named', ready, 30_000],
    ['nobody named', { ...ready, timeout: undefined }, 90_000],
  ])('that %s does not condemn what became ready while the process stood still', async (_, own, stood) => {
    const { clock, scene, findings, end } = watch({ ready: own });
    await clock.advance(1_000);
    scene.problem = undefined;
    await clock.stall(stood);
    await clock.advance(1_000);
    expect(findings).toEqual([{ kind: 'ready' }]);
    end();
    expect(clock.waiting).toBe(0);
  });

  it('that comes late condemns what is not ready then either', async () => {
    const { clock, findings, end } = watch({ ready });
    await clock.advance(1_000);
    await clock.stall(30_000);
    expect(kinds(findings)).toEqual(['deadline']);
    end();
  });

  it('is told once where none is named, and ready comes after it all the same', async () => {
    const { clock, scene, findings, end } = watch();
    await clock.advance(120_000);
    expect(findings).toEqual([{ kind: 'late', after: 60_000, problem: 'connection refused' }]);
    scene.problem = undefined;
    await clock.advance(250);
    expect(kinds(findings)).toEqual(['late', 'ready']);
    end();
  });

  it('of a watch that has ended is told to nobody, nor is a look that was under way', async () => {
    const answers: (() => void)[] = [];
    const { clock, findings, end } = watch({
      ready,
      usual: {
        look: () => new Promise((resolve) => answers.push(() => resolve(undefined))),
        problem: () => undefined,
        onChange: () => () => undefined,
      },
    });
    end();
    for (const answer of answers) answer();
    await clock.advance(60_000);
    expect(findings).toEqual([]);
  });
});

describe('what is ready', () => {
  it('is unwell after one look when it told of a change itself, and ready again soon after that', async () => {
    const { clock, scene, findings, end, changes } = watch();
    scene.problem = undefined;
    await clock.advance(1_000);
    scene.problem = 'paused';
    changes.emit(undefined);
    await clock.advance(1);
    expect(findings.at(-1)).toMatchObject({ kind: 'unwell', problem: 'does not answer any more: paused' });
    changes.emit(undefined);
    await clock.advance(3_000);
    expect(kinds(findings)).toEqual(['ready', 'unwell']);
    scene.problem = 'stopped';
    await clock.advance(1_000);
    expect(findings.at(-1)).toMatchObject({ kind: 'unwell', problem: 'does not answer any more: stopped' });
    scene.problem = undefined;
    await clock.advance(1_000);
    expect(kinds(findings)).toEqual(['ready', 'unwell', 'unwell', 'ready']);
    const { looks } = scene;
    await clock.advance(4_000);
    expect(scene.looks).toBe(looks);
    end();
    expect(clock.waiting).toBe(0);
    expect(changes.size).toBe(0);
  });

  it('is unwell after three looks in a row, and ready again after one that is well', async () => {
    const { clock, scene, findings, end } = watch();
    scene.problem = undefined;
    await clock.advance(1_000);
    expect(kinds(findings)).toEqual(['ready']);
    const lookUntil = async (looks: number): Promise<void> => {
      while (scene.looks < looks) await clock.advance(1_000);
    };
    const before = scene.looks;
    scene.problem = 'no answer';
    await lookUntil(before + 2);
    scene.problem = undefined;
    await lookUntil(before + 3);
    scene.problem = 'no answer';
    await lookUntil(before + 5);
    expect(kinds(findings)).toEqual(['ready']);
    await lookUntil(before + 6);
    expect(findings.at(-1)).toEqual({ kind: 'unwell', problem: 'does not answer any more: no answer' });
    await lookUntil(before + 8);
    expect(kinds(findings)).toEqual(['ready', 'unwell']);
    scene.problem = undefined;
    await lookUntil(before + 9);
    expect(kinds(findings)).toEqual(['ready', 'unwell', 'ready']);
    end();
    expect(clock.waiting).toBe(0);
  });

  it('is looked at once after the process stood still for an hour, not as often as it would have been', async () => {
    const { clock, scene, findings, end } = watch();
    scene.problem = undefined;
    await clock.advance(20_000);
    const before = scene.looks;
    scene.problem = 'no answer';
    await clock.stall(3_600_000);
    expect(scene.looks).toBe(before + 1);
    expect(kinds(findings)).toEqual(['ready']);
    end();
  });
});

describe('a look that cannot be taken', () => {
  const failing = (): never => {
    throw Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' });
  };

  it('makes nothing unwell, however often, and nothing well', async () => {
    let look = async (): Promise<string | undefined> => undefined;
    const looks: (string | undefined)[] = [];
    const { clock, findings, end } = watch({
      usual: { look: () => look(), problem: () => undefined, onChange: () => () => undefined },
      onLook: (problem) => looks.push(problem),
    });
    await clock.advance(1_000);
    look = async () => failing();
    await clock.advance(200_000);
    expect(kinds(findings)).toEqual(['ready']);
    expect(looks.at(-1)).toBe('it could not be looked at: connect EMFILE');
    look = async () => 'no answer';
    await clock.advance(100_000);
    expect(kinds(findings)).toEqual(['ready', 'unwell']);
    look = async () => failing();
    await clock.advance(100_000);
    expect(kinds(findings)).toEqual(['ready', 'unwell']);
    end();
  });

  it('is taken again until what starts is ready', async () => {
    let look = async (): Promise<string | undefined> => failing();
    const { clock, findings, end } = watch({
      usual: { look: () => look(), problem: () => undefined, onChange: () => () => undefined },
    });
    await clock.advance(10_000);
    expect(findings).toEqual([]);
    look = async () => undefined;
    await clock.advance(250);
    expect(kinds(findings)).toEqual(['ready']);
    end();
  });
});

describe('a line of the output', () => {
  const ready = { kind: 'log', pattern: '^(a+)+$', interval: 250, timeout: 5_000 } as const;

  /** A service that prints what the test says. */
  function print() {
    const listeners = new Set<(text: string) => void>();
    const watched = watch({
      ready,
      onLine: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    });
    const say = (text: string): void => {
      for (const listener of listeners) listener(text);
    };
    return { ...watched, listeners, say };
  }

  it('that matches makes ready, once', async () => {
    const { clock, findings, say, end } = print();
    say('no');
    say(`${'a'.repeat(5_000)}!`);
    expect(findings).toEqual([]);
    say('aaa');
    say('aaa');
    expect(findings).toEqual([{ kind: 'ready' }]);
    await clock.advance(10_000);
    expect(findings).toHaveLength(1);
    end();
  });

  it('that never matches is named when the time is over', async () => {
    const { clock, findings, listeners, end } = print();
    await clock.advance(5_000);
    expect(findings).toEqual([{ kind: 'deadline', after: 5_000, problem: 'no line matched /^(a+)+$/' }]);
    end();
    expect(listeners.size).toBe(0);
  });
});
