import { describe, expect, it } from 'vitest';

import { createSessions, type Connection } from '../../../src/daemon/sessions.ts';
import { PortrampError } from '../../../src/lib/errors.ts';
import type { Peer, RequestOptions } from '../../../src/protocol/peer.ts';
import { createManualClock } from '../manual-clock.ts';

const shop = { root: '/src/shop', environment: 'dev' };
const blog = { root: '/src/blog', environment: 'dev' };

/** `seen`: whether the system tells that a process is held; without it a runner that does not answer is busy. */
function scene({ seen = true } = {}) {
  const clock = createManualClock();
  const changes: string[] = [];
  const runners: { answers: boolean }[] = [];
  const sessions = createSessions({
    clock,
    onChange: (key) => changes.push(key.root),
    mayBeHalted: () => seen && runners.some(({ answers }) => !answers),
  });
  /** A runner that answers when `answers` is true, and is late otherwise. */
  const createRunner = () => {
    const runner = { answers: true, asked: [] as unknown[], signals: [] as (AbortSignal | undefined)[] };
    runners.push(runner);
    const peer: Peer = {
      request: (_name, params, options: RequestOptions = {}) => {
        runner.asked.push(params);
        runner.signals.push(options.signal);
        if (runner.answers) {
          connection.lastHeard = clock.now();
          return Promise.resolve({ message: 'ok' });
        }
        return new Promise((_resolve, reject) => {
          clock.after(options.timeout ?? 0, () =>
            reject(options.lateError?.() ?? new PortrampError('TIMEOUT', 'late')),
          );
        });
      },
      notify: () => undefined,
      close: () => undefined,
      destroy: () => undefined,
      closed: false,
      unsent: 0,
    };
    const connection: Connection = { peer, lastHeard: clock.now() };
    return { runner, connection };
  };
  return { clock, changes, sessions, createRunner };
}

describe('a runner that is slow', () => {
  it('is not asked again before it has answered', async () => {
    const { sessions, createRunner, clock } = scene();
    const { runner, connection } = createRunner();
    sessions.attach(shop, 42, connection);
    runner.answers = false;
    // Three seconds for an answer, and two between questions.
    await clock.advance(4_900);
    expect(runner.asked).toHaveLength(1);
    await clock.advance(1_200);
    expect(runner.asked).toHaveLength(2);
    sessions.close();
  });

  it('hears what all runners are told', () => {
    const { sessions, createRunner } = scene();
    const told: unknown[] = [];
    for (const key of [shop, blog]) {
      const { connection } = createRunner();
      const peer = {
        ...connection.peer,
        notify: (name: string, params: unknown) => told.push([name, params]),
      };
      sessions.attach(key, 42, { ...connection, peer });
    }
    sessions.tellAll('front', { front: { http: 80 }, frontMoves: 2 });
    const notice = ['front', { front: { http: 80 }, frontMoves: 2 }];
    expect(told).toEqual([notice, notice]);
    sessions.close();
  });
});

describe('a runner at rest', () => {
  it('is asked once in ten seconds, and not at all while it says something', async () => {
    const { sessions, createRunner, clock } = scene();
    const { connection, runner } = createRunner();
    sessions.attach(shop, 42, connection);
    await clock.advance(60_000);
    expect(runner.asked).toHaveLength(6);
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(1_000);
      connection.lastHeard = clock.now();
    }
    expect(runner.asked).toHaveLength(6);
    sessions.close();
  });
});

describe('a session', () => {
  it('lasts as long as its connection', () => {
    const { sessions, createRunner, changes } = scene();
    const { connection } = createRunner();
    sessions.attach(shop, 42, connection);
    expect(sessions.find(shop)?.pid).toBe(42);
    expect(sessions.detach(connection)).toBe(true);
    expect(sessions.find(shop)).toBeUndefined();
    expect(sessions.detach(connection)).toBe(false);
    expect(changes).toEqual([shop.root, shop.root]);
  });

  it('is refused to a second runner, naming the first', () => {
    const { sessions, createRunner } = scene();
    const first = createRunner();
    sessions.attach(shop, 42, first.connection);
    expect(() => sessions.attach(shop, 43, createRunner().connection)).toThrow(
      expect.objectContaining({
        code: 'STACK_RUNNING',
        message: '/src/shop is run by process 42 already',
      }),
    );
    expect(() => sessions.attach(blog, 42, first.connection)).toThrow(
      expect.objectContaining({ code: 'BAD_MESSAGE' }),
    );
    sessions.attach(shop, 42, first.connection);
    expect(sessions.all()).toHaveLength(1);
  });

  it('withdraws a command when who asked for it has gone, and leaves one that nobody can withdraw', async () => {
    const { sessions, createRunner } = scene();
    const { connection, runner } = createRunner();
    sessions.attach(shop, 42, connection);
    const { signal } = new AbortController();
    await sessions.command(shop, { action: 'down' }, signal);
    await sessions.command(shop, { action: 'down' });
    expect(runner.signals).toEqual([signal, undefined]);
  });

  it('passes commands on', async () => {
    const { sessions, createRunner } = scene();
    const { connection, runner } = createRunner();
    sessions.attach(shop, 42, connection);
    await expect(sessions.command(shop, { action: 'down' })).resolves.toEqual({ message: 'ok' });
    expect(runner.asked).toEqual([{ action: 'down' }]);
    await expect(sessions.command(blog, { action: 'down' })).rejects.toMatchObject({
      code: 'STACK_NOT_RUNNING',
    });
  });
});

describe('a runner that stops answering', () => {
  it('is marked silent within 5 s, and no longer when it answers again', async () => {
    const { sessions, createRunner, clock, changes } = scene();
    const { connection, runner } = createRunner();
    sessions.attach(shop, 42, connection);
    await clock.advance(20_000);
    expect(sessions.find(shop)?.silent).toBe(false);
    expect(changes).toHaveLength(1);
    runner.answers = false;
    connection.lastHeard = clock.now();
    await clock.advance(4_000);
    expect(sessions.find(shop)?.silent).toBe(false);
    await clock.advance(1_000);
    expect(sessions.find(shop)?.silent).toBe(true);
    expect(changes).toHaveLength(2);
    runner.answers = true;
    await clock.advance(4_000);
    expect(sessions.find(shop)?.silent).toBe(false);
    expect(changes).toHaveLength(3);
  });

  it('is marked silent within 5 s wherever between two looks it stopped', async () => {
    for (let stopped = 0; stopped < 2_000; stopped += 250) {
      const { sessions, createRunner, clock } = scene();
      const { connection, runner } = createRunner();
      sessions.attach(shop, 42, connection);
      await clock.advance(10_000 + stopped);
      runner.answers = false;
      connection.lastHeard = clock.now();
      await clock.advance(5_000);
      expect(sessions.find(shop)?.silent).toBe(true);
      sessions.close();
    }
  });

  it('is marked silent within 15 s when it is merely busy, and no longer soon after it answers', async () => {
    const { sessions, createRunner, clock } = scene({ seen: false });
    const { connection, runner } = createRunner();
    sessions.attach(shop, 42, connection);
    await clock.advance(30_000);
    runner.answers = false;
    await clock.advance(15_000);
    expect(sessions.find(shop)?.silent).toBe(true);
    runner.answers = true;
    await clock.advance(4_000);
    expect(sessions.find(shop)?.silent).toBe(false);
    sessions.close();
  });

  it('is not marked silent while it says anything', async () => {
    const { sessions, createRunner, clock } = scene();
    const { connection, runner } = createRunner();
    sessions.attach(shop, 42, connection);
    runner.answers = false;
    for (let second = 0; second < 20; second += 1) {
      await clock.advance(1_000);
      connection.lastHeard = clock.now();
      expect(sessions.find(shop)?.silent).toBe(false);
    }
  });

  it('is not asked again before it has answered, or it would find a pile of questions', async () => {
    const { sessions, createRunner, clock } = scene();
    const { connection, runner } = createRunner();
    sessions.attach(shop, 42, connection);
    runner.answers = false;
    await clock.advance(4_900);
    expect(runner.asked).toHaveLength(1);
    await clock.advance(20_000);
    expect(runner.asked.length).toBeLessThanOrEqual(7);
  });

  it('is asked once after the daemon stood still, not as often as it would have been', async () => {
    const { sessions, createRunner, clock, changes } = scene();
    const { connection, runner } = createRunner();
    sessions.attach(shop, 42, connection);
    await clock.advance(10_000);
    const before = runner.asked.length;
    await clock.stall(3_600_000);
    expect(runner.asked).toHaveLength(before + 1);
    expect(sessions.find(shop)?.silent).toBe(false);
    expect(changes).toHaveLength(1);
  });

  it('fails a command after 5 s with its pid', async () => {
    const { sessions, createRunner, clock } = scene();
    const { connection, runner } = createRunner();
    sessions.attach(shop, 42, connection);
    runner.answers = false;
    const command = sessions.command(shop, { action: 'restart', services: ['api'] });
    const failed = expect(command).rejects.toMatchObject({
      code: 'RUNNER_SILENT',
      message: expect.stringMatching(
        /^the runner of \/src\/shop \(pid 42\) does not answer: it is /,
      ) as string,
    });
    await clock.advance(5_000);
    await failed;
  });

  it.each([
    [true, 'unless the runner had begun with it'],
    [undefined, '"stop" stands: it is carried out as soon as the runner goes on'],
  ])('says whether the command is carried out later (withdraws: %s)', async (withdraws, words) => {
    const { sessions, createRunner, clock } = scene();
    const { connection, runner } = createRunner();
    sessions.attach(shop, process.pid, { ...connection, ...(withdraws === undefined ? {} : { withdraws }) });
    runner.answers = false;
    const failed = expect(
      sessions.command(shop, { action: 'stop', services: ['api'] }),
    ).rejects.toMatchObject({
      hint: expect.stringContaining(words) as string,
    });
    await clock.advance(5_000);
    await failed;
  });

  it('leaves no timer behind when it goes', async () => {
    const { sessions, createRunner, clock } = scene();
    const { connection } = createRunner();
    sessions.attach(shop, 42, connection);
    sessions.detach(connection);
    await clock.advance(1_000);
    expect(clock.waiting).toBe(0);
    sessions.attach(shop, 42, connection);
    sessions.close();
    expect(clock.waiting).toBe(0);
  });
});
