/** Who is told from whom: a service that writes what it watches, a person who saves, a generator, a checkout. */
import { describe, expect, it } from 'vitest';

import { createManualClock, type ManualClock } from '../manual-clock.ts';
import { createBatch } from '../../../src/stack/watch/batch.ts';
import { createBrakes, type Brakes } from '../../../src/stack/watch/brakes.ts';

/** How long it takes until a changed service is there again. Milliseconds. */
interface Pace {
  readonly stop?: number;
  readonly spawn?: number;
  /** A task runs for so long. */
  readonly run?: number;
}

interface Scene {
  readonly clock: ManualClock;
  readonly brakes: Brakes;
  /** How often the service was started. */
  readonly starts: () => number;
  readonly held: string[][];
  readonly quiet: string[][];
  /** The files change. */
  readonly write: (...files: string[]) => void;
  /** As a command or the stack starts it. */
  readonly start: () => void;
}

/** A service that does this when it starts, and when it is told to end. */
function open({
  pace: { stop = 20, spawn = 50, run } = {},
  onStart = () => undefined,
  onStop = () => undefined,
}: {
  readonly pace?: Pace;
  readonly onStart?: (scene: Scene, start: number) => void;
  readonly onStop?: (scene: Scene) => void;
} = {}): Scene {
  const clock = createManualClock();
  let starts = 0;
  let restarting = false;
  let endRun = (): void => undefined;
  const restart = (): void => {
    if (restarting) return;
    restarting = true;
    endRun();
    onStop(scene);
    clock.after(stop, start);
  };
  const start = (): void => {
    restarting = false;
    starts += 1;
    const over = brakes.starting('api');
    clock.after(spawn, () => {
      onStart(scene, starts);
      if (run === undefined) return over();
      const end = (): void => {
        cancel();
        over();
        endRun = () => undefined;
      };
      const cancel = clock.after(run, end);
      endRun = end;
    });
  };
  const held: string[][] = [];
  const quiet: string[][] = [];
  const brakes = createBrakes({
    clock,
    onHeld: (_service, files) => void held.push([...files]),
    onChange: () => undefined,
    onQuiet: (_service, files) => {
      quiet.push([...files]);
      restart();
    },
  });
  const batch = createBatch(clock, (changes) => {
    if (brakes.judge('api', changes).length > 0) restart();
  });
  const scene: Scene = {
    clock,
    brakes,
    starts: () => starts,
    held,
    quiet,
    write: (...files) => {
      for (const file of files) {
        const phase = brakes.see('api', file);
        if (phase !== 'held') batch.add(file, phase);
      }
    },
    start,
  };
  return scene;
}

describe('a service that writes what it watches', () => {
  it.each<[string, Parameters<typeof open>[0]]>([
    ['when it starts', { onStart: ({ write }) => write('app.log') }],
    [
      'when it starts and when it ends',
      { onStart: ({ write }) => write('app.log'), onStop: ({ write }) => write('app.log') },
    ],
    [
      'half a second after its start, with a slow end',
      { pace: { stop: 4_000 }, onStart: ({ clock, write }) => void clock.after(500, () => write('app.log')) },
    ],
    [
      'again and again for a while',
      {
        onStart: ({ clock, write }) => {
          for (let at = 0; at < 2_000; at += 90) clock.after(at, () => write('app.log'));
        },
      },
    ],
    ['among others', { onStart: ({ write }, start) => write(`${start}.tmp`, 'app.log') }],
  ])('%s is restarted three times by it at most', async (_name, options) => {
    const scene = open(options);
    scene.start();
    await scene.clock.advance(300_000);
    expect(scene.held).toContainEqual(expect.arrayContaining(['app.log']));
    expect(scene.brakes.heldOf('api')).toContain('app.log');
    if (_name !== 'among others') {
      // The first, two restarts, and another try when it was quiet.
      expect(scene.starts()).toBe(4);
      expect(scene.held).toHaveLength(1);
      expect(scene.quiet).toEqual([['app.log']]);
    }
  });

  it('without an end is not tried again, and does not keep an edit from being seen', async () => {
    const scene = open();
    scene.start();
    const log = (): void => {
      scene.write('app.log');
      scene.clock.after(100, log);
    };
    log();
    await scene.clock.advance(60_000);
    expect(scene.held).toEqual([['app.log']]);
    const before = scene.starts();
    expect(before).toBeLessThanOrEqual(4);
    scene.write('main.js');
    await scene.clock.advance(60_000);
    expect(scene.starts()).toBe(before + 1);
    expect(scene.quiet).toEqual([]);
  });

  it('is restarted by an edit as often as before, and the log is told once', async () => {
    const scene = open({ onStart: ({ write }) => write('app.log') });
    scene.start();
    await scene.clock.advance(60_000);
    for (let edit = 1; edit <= 5; edit += 1) {
      scene.write('main.js');
      await scene.clock.advance(20_000);
      expect(scene.starts()).toBe(4 + edit);
    }
    expect(scene.held).toHaveLength(1);
  });

  it('has all its restarts again when a person asks, or the contract says something else', async () => {
    const scene = open({ onStart: ({ write }) => write('app.log') });
    scene.start();
    await scene.clock.advance(60_000);
    scene.brakes.release('api');
    expect(scene.brakes.heldOf('api')).toEqual([]);
    scene.start();
    await scene.clock.advance(60_000);
    expect(scene.starts()).toBe(8);
    expect(scene.held).toHaveLength(2);
    scene.brakes.close();
    expect(scene.clock.waiting).toBe(0);
  });
});

describe('a task that writes what it is made from', () => {
  it.each([
    ['as it runs', 300],
    ['in the midst of a long run', 4_000],
    ['at its end', 8_000],
  ])('%s runs four times at most', async (_name, at) => {
    const onStart = ({ clock, starts, write }: Scene, start: number): void =>
      void clock.after(at, () => void (start === starts() && write('gen.ts')));
    const scene = open({ pace: { run: 8_000 }, onStart });
    scene.start();
    await scene.clock.advance(300_000);
    expect(scene.starts()).toBe(4);
    expect(scene.held).toEqual([['gen.ts']]);
  });

  it('is run for edits after its run, each time', async () => {
    const scene = open({ pace: { run: 500 } });
    scene.start();
    for (let edit = 0; edit < 10; edit += 1) {
      await scene.clock.advance(4_000);
      scene.write('a.ts');
    }
    await scene.clock.advance(4_000);
    expect(scene.starts()).toBe(11);
    expect(scene.held).toEqual([]);
  });
});

describe('who else writes', () => {
  it('is a person that saves every two seconds: each save counts', async () => {
    const scene = open();
    scene.start();
    for (let save = 0; save < 100; save += 1) {
      await scene.clock.advance(2_000);
      scene.write('main.js');
    }
    await scene.clock.advance(2_000);
    expect(scene.starts()).toBe(101);
    expect(scene.held).toEqual([]);
  });

  it('is a person that saves while the service starts for long: held for a while at most, and no save is lost', async () => {
    const scene = open({ pace: { spawn: 5_000 } });
    scene.start();
    for (let save = 0; save < 10; save += 1) {
      await scene.clock.advance(2_000);
      scene.write('main.js');
    }
    const before = scene.starts();
    await scene.clock.advance(60_000);
    expect(scene.starts()).toBeGreaterThan(before);
    expect(scene.brakes.heldOf('api')).toEqual([]);
  });

  it('is a checkout of 500 files, in one piece or in several', async () => {
    const scene = open();
    scene.start();
    await scene.clock.advance(5_000);
    const files = Array.from({ length: 500 }, (_, index) => `src/${index}.js`);
    scene.write(...files);
    await scene.clock.advance(5_000);
    expect(scene.starts()).toBe(2);
    for (let piece = 0; piece < 5; piece += 1) {
      scene.write(...files.slice(piece * 100, (piece + 1) * 100));
      await scene.clock.advance(400);
    }
    expect(scene.held).toEqual([]);
  });

  it.each([40, 200, 700])(
    'is a generator in another terminal, every %i ms: it does not restart for each, and the last counts',
    async (pause) => {
      const scene = open();
      scene.start();
      await scene.clock.advance(5_000);
      for (let at = 0; at < 30_000; at += pause) {
        scene.write('gen.js');
        await scene.clock.advance(pause);
      }
      const before = scene.starts();
      expect(before).toBeLessThanOrEqual(5);
      await scene.clock.advance(30_000);
      expect(scene.starts()).toBe(before + 1);
      expect(scene.brakes.heldOf('api')).toEqual([]);
      scene.write('gen.js');
      await scene.clock.advance(5_000);
      expect(scene.starts()).toBe(before + 2);
    },
  );

  it('is one whose early changes are minutes apart: these are not in a row', async () => {
    const scene = open();
    for (let start = 0; start < 6; start += 1) {
      scene.start();
      await scene.clock.advance(100);
      scene.write('main.js');
      await scene.clock.advance(120_000);
    }
    expect(scene.held).toEqual([]);
  });
});
