import { runInNewContext } from 'node:vm';

import { array, assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import { applyMutation, findMutations } from '../../mutants/mutations.ts';
import { MARK } from '../../mutants/mark.ts';
import { markPlaces } from '../../mutants/marks.ts';
import { processTestsOf, reachingTestsOf } from '../../mutants/nearest.ts';
import { changedLines, parseOptions, sample } from '../../mutants/options.ts';
import { readFailed, readReached } from '../../mutants/reached.ts';

const mutantsOf = (text: string): string[] => findMutations(text).map((one) => applyMutation(text, one));

describe('mutations', () => {
  it.each([
    ['a < b;', ['(a <= b);', ';']],
    ['f(a && b);', [';', 'f((a || b));', 'f((a));', 'f((b));']],
    ['const x = a ?? b;', ['const x = (a && b);', 'const x = (a);', 'const x = (b);']],
    ['if (a) f();', ['if ((false && (a))) f();', 'if ((true || (a))) f();', 'if (a) ;']],
    ['const x = !a;', ['const x = (a);']],
    ['const x = true;', ['const x = false;']],
    ['const x = [0, 2];', ['const x = [1, 2];', 'const x = [0, 16];']],
    ['try { } catch { f(); }', ['try { } catch {}', 'try { } catch { ; }']],
    ["const x: number | 'ü' = 'ü' as const;", []],
    ["const x = 'a' + b;", []],
    ['interface A { readonly a: 1 }\nexport type B = true;', []],
  ])('of %s', (text, expected) => {
    expect(mutantsOf(text).toSorted()).toEqual(expected.toSorted());
  });

  it('are where they say, also behind letters that are longer in other encodings', () => {
    const text = "const a = '→ü𝄞';\nconst b = 1 > c;\n";
    expect(findMutations(text).map(({ line }) => line)).toEqual([2, 2]);
    expect(mutantsOf(text)).toContain("const a = '→ü𝄞';\nconst b = (1 >= c);\n");
  });
});

describe('what is mutated', () => {
  it('is the lines of a change', () => {
    const diff = '+++ b/src/a.ts\n@@ -1 +1,2 @@\n@@ -9,3 +10,0 @@\n+++ b/src/b.ts\n@@ -0,0 +7 @@\n';
    const lines = [...changedLines(diff)].map(([file, set]) => [file, [...set]]);
    expect(lines).toEqual([
      ['src/a.ts', [1, 2]],
      ['src/b.ts', [7]],
    ]);
  });

  it('is chosen by chance, the same for the same seed', () => {
    assert(
      property(array(integer()), integer({ min: 0, max: 20 }), integer({ min: 0 }), (all, size, seed) => {
        const chosen = sample(all, size, seed);
        expect(chosen).toHaveLength(Math.min(size, all.length));
        expect(sample(all, size, seed)).toEqual(chosen);
      }),
    );
    const all = Array.from({ length: 100 }, (_, index) => index);
    expect(sample(all, 10, 1)).not.toEqual(sample(all, 10, 2));
    expect(sample(all, 10, 1)).toEqual(sample(all, 10, 1).toSorted((left, right) => left - right));
  });

  it('is what differs from the last commit where nothing else is said', () => {
    expect(parseOptions([])).toMatchObject({ base: 'HEAD', seed: 1 });
    expect(parseOptions(['src/a.ts'])).toMatchObject({ files: ['src/a.ts'], base: undefined });
    expect(parseOptions(['--rooms', 'src/a,src/b', '--random', '5', '--seed', '7'])).toMatchObject({
      rooms: ['src/a', 'src/b'],
      random: 5,
      seed: 7,
    });
    expect(() => parseOptions(['--random', 'many'])).toThrow(/--random many/);
  });

  it('is shown to the process tests of its room', () => {
    expect(processTestsOf('src/daemon/main.ts')).toContain('test/process/daemon');
    expect(processTestsOf('src/runtime/process/table.ts')).toContain('test/process/runtime');
  });
});

describe('the tests that come by a mutant', () => {
  const marksOf = (text: string): string | undefined =>
    markPlaces(
      text,
      findMutations(text).map((mutation, mark) => [mark, mutation] as const),
    );

  it('are found by marks that change nothing', () => {
    const text =
      'try { out.push(a ?? 3); f(); } catch { out.push(4); }\n' +
      'if (!(a && 1 < 2) || false) throw new TypeError(); else out.push(a);';
    const run = (program: string, a: unknown): { out: unknown[]; marks: number[] } => {
      const [out, marks]: [unknown[], number[]] = [[], []];
      try {
        runInNewContext(program, { a, out, [MARK]: (mark: number) => marks.push(mark) });
      } catch {
        out.push('thrown');
      }
      return { out, marks };
    };
    const marked = marksOf(text) ?? '';
    const values = [true, false, undefined];
    for (const a of values) expect(run(marked, a).out).toEqual(run(text, a).out);
    expect(new Set(values.flatMap((a) => run(marked, a).marks)).size).toBe(findMutations(text).length);
  });

  it('cannot be found for the key of an object', () => {
    expect(marksOf('const x = { 1: 2 };')).toBeUndefined();
  });

  it('are those that said so, once each, and do not fail without a mutant', () => {
    const results = {
      testResults: [
        { name: '/r/c.ts', status: 'failed' },
        { name: '/r/a.ts', status: 'passed' },
      ],
    };
    const failed = readFailed(JSON.stringify(results), '/r');
    expect(failed).toEqual(['c.ts']);
    expect(readReached('1 a.ts\n2 a.ts\n1 b.ts\n1 a.ts\n1 c.ts\n', failed)).toEqual(
      new Map([
        [1, ['a.ts', 'b.ts']],
        [2, ['a.ts']],
      ]),
    );
  });

  it('are asked in the room of the file first', () => {
    const runs = reachingTestsOf('src/proxy/a.ts', [
      'test/unit/front/b.test.ts',
      'test/unit/proxy/a.test.ts',
    ]);
    expect(runs.map((words) => words[1])).toEqual(['test/unit/proxy/a.test.ts', 'test/unit/front/b.test.ts']);
    expect(reachingTestsOf('src/proxy/a.ts', [])).toEqual([]);
  });
});
