import { beforeEach, describe, expect, it } from 'vitest';

import { createPublishing, type Publishing } from '../../../src/stack/publishing.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';

let clock: ManualClock;
let built: number;
let sent: string[];
let refused: unknown[];
let canSend: boolean;
let answer: () => Promise<void>;
let publishing: Publishing;

beforeEach(() => {
  clock = createManualClock();
  [built, sent, refused, canSend] = [0, [], [], true];
  answer = async () => undefined;
  publishing = createPublishing({
    clock,
    canSend: () => canSend,
    send: ({ problems = [] }) => {
      sent.push(problems.join());
      return answer();
    },
    onRefused: (error) => refused.push(error),
  });
});

const publish = (text: string): Promise<void> =>
  publishing.publish(() => {
    built += 1;
    return { services: [], routes: [], problems: [text] };
  });

describe('publishing', () => {
  it('sends nothing where nobody has given anything yet', async () => {
    await publishing.publish();
    expect([sent, refused]).toEqual([[], []]);
    await publish('first');
    expect(sent).toEqual(['first']);
  });

  it('builds a snapshot for each message, and none for what nobody gets', async () => {
    let release = (): void => undefined;
    answer = () => new Promise((resolve) => (release = resolve));
    const change = (): Promise<void>[] => Array.from({ length: 200 }, (_, index) => publish(String(index)));
    const first = change();
    await clock.advance(1);
    expect(built).toBe(1);
    const second = change();
    answer = async () => undefined;
    release();
    await Promise.all([...first, ...second]);
    expect(built).toBe(2);
    expect(sent.at(-1)).toBe('199');
  });

  it.each([
    [1, 19],
    [8, 152],
    [50, 200],
  ])(
    'rests after a snapshot that took %i ms for %i ms: a twentieth of the time, and never long',
    async (cost, rest) => {
      const costly = (text: string): Promise<void> =>
        publishing.publish(() => {
          clock.goBack(-cost);
          return { services: [], routes: [], problems: [text] };
        });
      await costly('before');
      const after = costly('after');
      await clock.advance(rest - 1);
      expect(sent).toEqual(['before']);
      await clock.advance(1);
      await after;
      expect(sent).toEqual(['before', 'after']);
    },
  );

  it('builds nothing while there is nobody, and then what it is by now', async () => {
    canSend = false;
    await publish('old');
    await publish('new');
    expect(built).toBe(0);
    canSend = true;
    await publishing.publish();
    expect(sent).toEqual(['new']);
  });

  it('tells what was refused, and sends what comes after', async () => {
    answer = () => Promise.reject(new Error('no'));
    await publish('one');
    expect(refused).toHaveLength(1);
    answer = async () => undefined;
    await publish('two');
    expect(sent).toEqual(['one', 'two']);
  });
});
