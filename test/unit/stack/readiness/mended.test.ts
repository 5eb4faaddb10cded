/** A probe that is edited while the instance that it is for is looked at, and what a look says that has no answer. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Readiness } from '../../../../src/contract/contract.ts';
import type { AsideOptions } from '../../../../src/runtime/instance.ts';
import { watchReadiness } from '../../../../src/stack/readiness/watch.ts';
import type { Finding, ReadinessWatch } from '../../../../src/stack/readiness/watch-options.ts';
import { createManualClock, type ManualClock } from '../../manual-clock.ts';

let clock: ManualClock;
let watch: ReadinessWatch;
let found: Finding[];
let printed: string[];
/** What probe commands answer; one that is not here has no answer. */
let answers: Record<string, string | undefined>;
let asked: string[];
let says: string | undefined;

beforeEach(() => {
  clock = createManualClock();
  found = [];
  printed = [];
  answers = {};
  asked = [];
  says = undefined;
});
afterEach(() => {
  watch.end();
  expect(clock.waiting).toBe(0);
});

const probe = (ready: Partial<Readiness>): Readiness =>
  ({ interval: 250, timeout: undefined, ...ready }) as Readiness;
const command = (text: string, timeout?: number): Readiness =>
  probe({ kind: 'exec', command: text, timeout });

function run(text: string | readonly string[], { signal, onOutput }: AsideOptions) {
  asked.push(String(text));
  if (says !== undefined) onOutput?.(says);
  if (String(text) in answers) return Promise.resolve(answers[String(text)]);
  return new Promise<string>((resolve) => {
    signal.addEventListener('abort', () => resolve('given up'));
  });
}

function begin(ready: Readiness): void {
  watch = watchReadiness({
    ready,
    ports: [],
    dir: '/',
    stamp: undefined,
    run,
    clock,
    onLine: () => () => undefined,
    printed: () => printed,
    onFinding: (finding) => found.push(finding),
  });
}

const kinds = (): string[] => found.map(({ kind }) => kind);
const edit = (ready: Readiness): void => watch.redeclare({ ready, stamp: undefined });

describe('a probe that is edited while the instance starts', () => {
  it('counts from the next look, and the old one is asked no more', async () => {
    answers = { bad: 'exited with code 1', good: undefined };
    begin(command('bad'));
    await clock.advance(1_000);
    expect(kinds()).toEqual([]);
    asked = [];
    edit(command('good'));
    await clock.advance(0);
    expect([kinds(), asked]).toEqual([['ready'], ['good']]);
  });

  it('does not wait for the answer of a look that is under way', async () => {
    answers = { good: undefined };
    begin(command('hangs'));
    await clock.advance(500);
    edit(command('good'));
    await clock.advance(0);
    expect(kinds()).toEqual(['ready']);
  });

  it('has its own timeout, from the edit on', async () => {
    answers = { bad: 'no' };
    begin(command('bad', 4_000));
    await clock.advance(3_000);
    edit(command('bad', 2_000));
    await clock.advance(1_999);
    expect(kinds()).toEqual([]);
    await clock.advance(1);
    expect(found).toEqual([{ kind: 'deadline', after: 2_000, problem: 'no' }]);
  });

  it('may have no timeout any more', async () => {
    answers = { bad: 'no' };
    begin(command('bad', 4_000));
    edit(command('bad'));
    await clock.advance(5_000);
    expect(kinds()).toEqual([]);
  });

  it('hears what has been printed already', async () => {
    printed = ['Listening at last'];
    begin(probe({ kind: 'log', pattern: 'listening' }));
    await clock.advance(1_000);
    expect(kinds()).toEqual([]);
    edit(probe({ kind: 'log', pattern: '[Ll]istening' }));
    await clock.advance(0);
    expect(kinds()).toEqual(['ready']);
  });
});

describe('a probe that is edited while the instance is ready', () => {
  it('leaves it ready until it has failed three times', async () => {
    answers = { good: undefined, bad: 'answered with 500' };
    begin(command('good'));
    await clock.advance(1_000);
    edit(command('bad'));
    await clock.advance(5_000);
    expect(kinds()).toEqual(['ready']);
    await clock.advance(20_000);
    expect(found.slice(1)).toEqual([
      { kind: 'unwell', problem: 'does not answer any more: answered with 500' },
    ]);
  });

  it('does not wait for a line that was printed long ago', async () => {
    answers = { good: undefined };
    begin(command('good'));
    await clock.advance(1_000);
    edit(probe({ kind: 'log', pattern: 'never', timeout: 2_000 }));
    await clock.advance(5_000);
    expect(kinds()).toEqual(['ready']);
  });

  it('has it well again at once where the old one failed', async () => {
    answers = { once: undefined, good: undefined };
    begin(command('once'));
    await clock.advance(1_000);
    answers = { once: 'no', good: undefined };
    await clock.advance(30_000);
    expect(kinds()).toEqual(['ready', 'unwell']);
    edit(command('good'));
    await clock.advance(0);
    expect(kinds().at(-1)).toBe('ready');
  });
});

describe('a look that has had no answer when the time is over', () => {
  it('is what a command is told by that still runs, and what it printed', async () => {
    says = 'checking\n';
    begin(command('hangs', 4_000));
    await clock.advance(4_000);
    const problem = 'its command has been running for 4 s; it printed: checking';
    expect(found).toEqual([{ kind: 'deadline', after: 4_000, problem }]);
  });

  it('says no more than the look before it where it has just begun', async () => {
    answers = { slow: 'exited with code 3' };
    begin(command('slow', 4_000));
    await clock.advance(3_500);
    answers = {};
    await clock.advance(500);
    expect(found).toEqual([{ kind: 'deadline', after: 4_000, problem: 'exited with code 3' }]);
  });
});
