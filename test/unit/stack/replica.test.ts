/** What a replica tells of its process, and of no other. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Exit, Instance } from '../../../src/runtime/instance.ts';
import { createLogStore, type LogStore } from '../../../src/stack/logs/store.ts';
import { ReplicaShell } from '../../../src/stack/replica.ts';
import type { Launch } from '../../../src/stack/replica-options.ts';
import type { ServiceEvent } from '../../../src/stack/service.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';
import { resolutionOf } from '../plan/stack.ts';

const { services } = resolutionOf(
  'services: { api: { command: run, ports: false, ready: { log: up } }, seed: { kind: task, command: run }, worker: { command: run, ports: false } }',
);
const api = services.get('api');

let folder: string;
let clock: ManualClock;
let logs: LogStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portramp-replica-'));
  clock = createManualClock();
  logs = createLogStore({ folder, clock });
});
afterEach(async () => {
  await logs.close();
  rmSync(folder, { recursive: true });
});

/** A replica in a slot of the service; launches of all of them are counted together. */
function createScene() {
  let launches = 0;
  const spawned: number[] = [];
  const open = (slot: number, launched = api) => {
    const events: ServiceEvent[] = [];
    const asked: [number, string[], boolean][] = [];
    let current: Launch | undefined;
    let explain = (_more?: { why: { message: string } }): void => undefined;
    let end = (_exit: Exit): void => undefined;
    const shell: ReplicaShell = new ReplicaShell({
      service: 'api',
      slot,
      clock,
      logs,
      next: () => ({
        service: () => {
          if (launched === undefined) throw new Error('there is no such service');
          return launched;
        },
        slot,
        generation: (launches += 1),
        forced: false,
      }),
      launch: async (launch) => {
        current = launch;
        const exited = new Promise<Exit>((resolve) => {
          end = resolve;
        });
        const instance: Partial<Instance> = {
          pid: 100 + slot,
          startTime: '1',
          marker: `${slot}`,
          exited,
          family: async () => [],
          stopped: async () => undefined,
        };
        return { ok: true, instance: instance as Instance };
      },
      starts: { begin: () => ({ patience: () => 15_000, took: () => undefined, learn: () => undefined }) },
      lookAt: () => ({
        look: async () => undefined,
        problem: () => undefined,
        onChange: () => () => undefined,
      }),
      open: () => undefined,
      drain: async () => undefined,
      explainEnd: ({ launch, wasReady }) => {
        asked.push([launch, logs.tail('api', 40, launch), wasReady]);
        return new Promise((resolve) => {
          explain = resolve;
        });
      },
      onEvent: (event) => {
        events.push(event);
        if (event.type === 'spawned') shell.perform({ type: 'probe' });
      },
      follows: () => 'never',
      onFollow: async () => ({ followed: false, why: 'nobody listens' }),
      onListening: () => undefined,
      onLate: () => undefined,
      onRetry: () => undefined,
      onEnd: () => undefined,
      onSpawn: (pid) => spawned.push(pid),
      onExit: () => undefined,
    });
    return {
      asked,
      start: () => {
        shell.perform({ type: 'spawn' });
        return clock.advance(0);
      },
      print: (text: string) => {
        void current?.onOutput('stdout', Buffer.from(text));
        return clock.advance(0);
      },
      exit: (code: number) => {
        end({ code, signal: null });
        return clock.advance(0);
      },
      /** Its process fails after so many milliseconds, and another one is started after a pause. */
      failAndRetry: async (after: number) => {
        await clock.advance(after);
        end({ code: 1, signal: null });
        await clock.advance(0);
        const begun = events.length;
        shell.perform({ type: 'retry-after', ms: 250 });
        await clock.advance(250);
        expect(events.slice(begun)).toEqual([{ type: 'retry' }]);
        shell.perform({ type: 'spawn' });
        await clock.advance(0);
        return () => events.slice(begun).some(({ type }) => type === 'ready');
      },
      explain: (message: string) => {
        explain({ why: { message } });
        return clock.advance(0);
      },
      stop: () => {
        shell.perform({ type: 'terminate' });
        return clock.advance(0);
      },
      kill: () => shell.kill(),
      readyBy: async (pattern: string) => {
        if (api?.service.kind !== 'process') throw new Error('there is no such service');
        const ready = { ...api.service.ready, kind: 'log' as const, pattern };
        await shell.redeclare({ ...api, service: { ...api.service, ready } });
        return clock.advance(0);
      },
      ends: () => events.flatMap((event) => (event.type === 'exited' ? [event.end] : [])),
      isReady: () => events.some(({ type }) => type === 'ready'),
    };
  };
  return { open, spawned };
}

describe('a replica', () => {
  it('is ready when a line of its own says so, not one of the instance that it is to take over from', async () => {
    const { open } = createScene();
    const [old, challenger] = [open(0), open(1)];
    await old.start();
    await challenger.start();
    await old.print('up and');
    await challenger.print('listening\n');
    await old.print(' running\n');
    expect([old.isReady(), challenger.isReady()]).toEqual([true, false]);
    await challenger.print('up\n');
    expect(challenger.isReady()).toBe(true);
  });

  it('is ready at once by running, but after a failure only when it runs for longer than before', async () => {
    const worker = createScene().open(0, services.get('worker'));
    await worker.start();
    expect(worker.isReady()).toBe(true);
    const isSecondReady = await worker.failAndRetry(1_200);
    await clock.advance(2_300);
    expect(isSecondReady()).toBe(false);
    await clock.advance(200);
    expect(isSecondReady()).toBe(true);
    // It was ready for long: that it ended once says little of the next one.
    const isThirdReady = await worker.failAndRetry(60_000);
    expect(isThirdReady()).toBe(true);
    const isFourthReady = await worker.failAndRetry(8_000);
    await clock.advance(9_900);
    expect(isFourthReady()).toBe(false);
    await clock.advance(200);
    expect(isFourthReady()).toBe(true);
  });

  it('has its process watched over, that of a task too', async () => {
    const { open, spawned } = createScene();
    await open(0).start();
    await open(1, services.get('seed')).start();
    expect(spawned).toEqual([100, 101]);
  });

  it('is ready by a pattern that was mended while it started', async () => {
    const { open } = createScene();
    const [printed, prints] = [open(0), open(1)];
    await printed.start();
    await prints.start();
    await printed.print('\u001b[32mlistening\u001b[0m\n');
    await printed.readyBy('^listening$');
    await prints.readyBy('^listening$');
    expect([printed.isReady(), prints.isReady()]).toEqual([true, false]);
    await prints.print('listening\n');
    expect(prints.isReady()).toBe(true);
  });

  it('tells of its end when that is explained, or at once where it is to be stopped anyway', async () => {
    const { open } = createScene();
    const [patient, stopped, killed] = [open(0), open(1), open(2)];
    for (const replica of [patient, stopped, killed]) {
      await replica.start();
      await replica.exit(1);
      expect(replica.ends()).toEqual([]);
    }
    await patient.explain('its port is in use');
    expect(patient.ends()).toEqual([{ exitCode: 1, why: { message: 'its port is in use' } }]);
    await stopped.stop();
    killed.kill();
    for (const replica of [stopped, killed]) {
      await replica.explain('nobody waits for that');
      expect(replica.ends()).toEqual([{ exitCode: 1 }]);
    }
  });

  it('has its end explained by what its own process said last, and is not ready meanwhile', async () => {
    const replica = createScene().open(0);
    await replica.start();
    await replica.print('Error: listen EADDRINUSE :::3000\n');
    await replica.exit(1);
    await replica.start();
    await replica.print('TypeError: x\n');
    await replica.print('up');
    await replica.exit(1);
    expect(replica.asked).toEqual([
      [1, ['Error: listen EADDRINUSE :::3000'], false],
      [2, ['TypeError: x', 'up'], false],
    ]);
    await clock.advance(60_000);
    expect([replica.isReady(), clock.waiting]).toEqual([false, 0]);
  });

  it('has its end explained by whether its last process was ready', async () => {
    const replica = createScene().open(0);
    await replica.start();
    await replica.print('up and running\n');
    await replica.exit(1);
    await replica.start();
    await replica.exit(1);
    expect(replica.asked.map(([launch, , wasReady]) => [launch, wasReady])).toEqual([
      [1, true],
      [2, false],
    ]);
  });
});
