/** How long the start of a daemon is waited for. */
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';

import { expect, it } from 'vitest';

import { messageOf } from '../../../src/lib/errors.ts';
import type { Silence } from '../../../src/lib/silence.ts';
import { awaitReport } from '../../../src/protocol/start-report.ts';
import { createManualClock } from '../manual-clock.ts';

const BUSY: Silence = { words: 'is busy', hint: '', isHeld: false };
const HELD: Silence = { words: 'is stopped (state T)', hint: '', isHeld: true };

/** The process of a daemon that says and does only what it is told to. */
class Fake extends EventEmitter {
  readonly pid = 4_711;
  readonly signals: unknown[] = [];
  kill(signal?: unknown): boolean {
    this.signals.push(signal);
    return true;
  }
}

function begin(timeout: number) {
  const clock = createManualClock();
  const child = new Fake();
  const scene = { state: BUSY, outcome: 'open' as unknown };
  awaitReport(child as unknown as ChildProcess, {
    clock,
    timeout,
    logTail: () => '',
    explain: () => scene.state,
  }).then(
    ({ kind }) => (scene.outcome = kind),
    (error: unknown) => (scene.outcome = messageOf(error)),
  );
  return { clock, child, scene };
}

it('what is slow is waited for as long as the command waits', async () => {
  const { clock, child, scene } = begin(120_000);
  await clock.advance(119_000);
  expect([scene.outcome, child.signals]).toEqual(['open', []]);
  child.emit('message', { ready: true });
  await clock.advance(0);
  expect([scene.outcome, clock.waiting]).toEqual(['ready', 0]);
});

it('what is not ready by then is ended', async () => {
  const { clock, child, scene } = begin(50_000);
  await clock.advance(50_000);
  expect(scene.outcome).toBe('the daemon did not get ready within 50 s');
  expect([child.signals, clock.waiting]).toEqual([['SIGKILL'], 0]);
});

it('what is held is not waited for', async () => {
  const { clock, child, scene } = begin(120_000);
  scene.state = HELD;
  await clock.advance(14_000);
  expect(scene.outcome).toBe('open');
  await clock.advance(1_000);
  expect(scene.outcome).toBe(
    'the daemon did not get ready within 15 s: it is stopped (state T), and was ended',
  );
  expect(child.signals).toEqual(['SIGKILL']);
});

it.each<[string, (child: Fake) => void, string]>([
  ['ends', (child) => child.emit('exit', 3, null), 'the daemon ended at its start (exit code 3)'],
  ['is ended by a signal', (child) => child.emit('exit', null, 'SIGKILL'), 'killed'],
  [
    'cannot be started',
    (child) => child.emit('error', new Error('spawn EACCES')),
    'the daemon could not be started: spawn EACCES',
  ],
])('what %s is told at once', async (_, befall, outcome) => {
  const { clock, child, scene } = begin(120_000);
  befall(child);
  await clock.advance(0);
  expect([scene.outcome, clock.waiting]).toEqual([outcome, 0]);
});
