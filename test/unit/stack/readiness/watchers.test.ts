/** Watchers are known by their command lines, as the system tells them of real ones. */
import { describe, expect, it } from 'vitest';

import { createManualClock } from '../../manual-clock.ts';
import type { TreeFacts } from '../../../../src/stack/readiness/assess.ts';
import { watchTree } from '../../../../src/stack/readiness/tree.ts';
import { readFamily, type Member } from '../../../../src/stack/readiness/watchers.ts';

/** Each line a process, the child of the one before it; two blanks more: another child of the same. */
function family(...lines: string[]): Member[] {
  const members: Member[] = [];
  for (const line of lines) {
    const depth = line.search(/\S/) / 2;
    const parent = members.findLast((_, index) => (lines[index] ?? '').search(/\S/) / 2 < depth);
    members.push({ pid: members.length + 10, ppid: parent?.pid ?? 1, words: line.trim().split(' ') });
  }
  return members;
}

/** Name of the watcher, its command lines when it is alone, and that of what it runs. */
const REAL: [string, string[], string][] = [
  ['nodemon', ['sh -c nodemon app.js', '  node /app/node_modules/.bin/nodemon app.js'], '    node app.js'],
  [
    'nodemon',
    ['npm run dev', '  sh -c nodemon', '    node /app/node_modules/nodemon/bin/nodemon.js'],
    '      sh -c ts-node',
  ],
  [
    'nodemon',
    ['node /app/node_modules/.bin/nodemon app.js', '  /bin/sh -c ps', '    ps', '  ps -A -o ppid,pid'],
    '  node ps.js',
  ],
  ['node --watch', ['node --enable-source-maps --watch app.js'], '  node --enable-source-maps app.js'],
  ['node --watch', ['node --watch-path=src -r dotenv/config app.js'], '  node -r dotenv/config app.js'],
  [
    'tsx watch',
    ['node /app/node_modules/.bin/tsx watch app.ts'],
    '  node --require /app/preflight.cjs app.ts',
  ],
  [
    'tsx watch',
    [
      'node /app/node_modules/tsx/dist/cli.mjs watch app.ts',
      '  /app/node_modules/@esbuild/linux-x64/bin/esbuild --service=0.28 --ping',
    ],
    '  node app.ts',
  ],
  [
    'ts-node-dev',
    ['node /app/node_modules/.bin/ts-node-dev --respawn app.ts'],
    '  node /app/node_modules/ts-node-dev/lib/wrap.js app.ts',
  ],
  [
    'nest start --watch',
    ['node /app/node_modules/.bin/nest start --watch'],
    '  node --enable-source-maps /app/dist/main',
  ],
  [
    'uvicorn --reload',
    [
      '/venv/bin/python3 /venv/bin/uvicorn main:app --reload',
      '  /venv/bin/python3 -c from multiprocessing.resource_tracker import main;main(4)',
    ],
    '  /venv/bin/python3 -c from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5)',
  ],
  [
    'uvicorn --reload',
    ['python -m uvicorn main:app --reload'],
    '  python -c from multiprocessing.spawn import spawn_main',
  ],
  [
    'flask run',
    ['python /venv/bin/flask --app hello run --debug'],
    '  python /venv/bin/flask --app hello run --debug',
  ],
  ['cargo watch', ['/root/.cargo/bin/cargo-watch watch -x run'], '  cargo run'],
  ['watchexec', ['watchexec -r -- ./server'], '  ./server'],
  ['air', ['air -c .air.toml'], '  sh -c ./tmp/main'],
];

describe('a known watcher', () => {
  it.each(REAL)('%s is alone, or is not: %s', (watcher, alone, child) => {
    expect(readFamily(family(...alone))).toMatchObject({ watcher, children: [] });
    const busy = readFamily(family(...alone, child));
    expect(busy).toMatchObject({ watcher });
    expect(busy?.children).toHaveLength(1);
  });

  it.each([
    ['no watcher', ['sh -c node app.js', '  node app.js']],
    ['a watch of something else', ['node app.js --watch']],
    ['tsx that only runs', ['node /app/node_modules/.bin/tsx app.ts', '  node app.ts']],
    ['uvicorn without a reloader', ['python -m uvicorn main:app']],
    ['nobody', []],
  ])('%s is none', (_, lines) => expect(readFamily(family(...lines))).toBeUndefined());

  it('beside something else is not alone', () => {
    const both = family(
      'npm exec concurrently',
      '  node /app/node_modules/.bin/nodemon app.js',
      '  node vite.js',
    );
    expect(readFamily(both)?.children).toHaveLength(1);
  });
});

describe('a look at the tree', () => {
  const ALONE = family('node --watch app.js');
  const BUSY = family('node --watch app.js', '  node app.js');
  const ANEW = BUSY.map((member, index) => (index === 0 ? member : { ...member, pid: 99 }));

  function watch() {
    const clock = createManualClock();
    const scene = { members: ALONE as readonly Member[], looks: 0, ages: [] as number[] };
    const told: [TreeFacts, boolean][] = [];
    const tree = watchTree({
      clock,
      family: async (age) => {
        scene.looks += 1;
        scene.ages.push(age);
        return scene.members;
      },
      onTree: (facts, isAnew) => told.push([facts, isAnew]),
    });
    return { clock, scene, told, tree };
  }

  it('says since when the watcher is alone, and when it has started anew', async () => {
    const { clock, scene, told, tree } = watch();
    scene.members = BUSY;
    tree.begin(true);
    await clock.advance(400);
    expect(told).toMatchObject([[{ watcher: 'node --watch', aloneSince: undefined, hadChild: true }, false]]);
    scene.members = ALONE;
    await clock.advance(900);
    expect(told.at(-1)).toMatchObject([{ aloneSince: 600, hadChild: true }, false]);
    scene.members = ANEW;
    await clock.advance(300);
    expect(told.at(-1)).toMatchObject([{ aloneSince: undefined }, true]);
    // A look of a second ago will do until a watcher is found; its child is looked for now.
    expect([...new Set(scene.ages)]).toEqual([1_000, 0]);
    expect(scene.ages.filter((age) => age > 0)).toHaveLength(1);
    tree.end();
    expect(clock.waiting).toBe(0);
  });

  it('remembers the child of what listens, and knows another one by it', async () => {
    const { clock, scene, told, tree } = watch();
    scene.members = BUSY;
    tree.rest();
    await clock.advance(60_000);
    expect(scene.looks).toBe(1);
    expect(told).toEqual([]);
    scene.members = ANEW;
    tree.begin(true);
    await clock.advance(400);
    expect(told).toMatchObject([[{ aloneSince: undefined }, true]]);
    tree.end();
  });

  it('searches for a watcher that package managers take their time to start, and not for ever', async () => {
    const { clock, scene, told, tree } = watch();
    scene.members = family('npm run dev');
    tree.begin(true);
    await clock.advance(120_000);
    expect(told).toEqual([]);
    expect(scene.looks).toBeLessThan(12);
    expect(scene.ages.every((age) => age === 1_000)).toBe(true);
    expect(clock.waiting).toBe(0);
  });

  it('goes on after a look that failed', async () => {
    const clock = createManualClock();
    const told: TreeFacts[] = [];
    let fails = true;
    const tree = watchTree({
      clock,
      family: async () => {
        if (fails) throw new Error('EMFILE');
        return ALONE;
      },
      onTree: (facts) => told.push(facts),
    });
    tree.begin(true);
    await clock.advance(500);
    fails = false;
    await clock.advance(5_000);
    expect(told[0]).toMatchObject({ watcher: 'node --watch' });
    tree.end();
  });
});
