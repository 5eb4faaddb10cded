/** `watch` on real folders: what is a change, and what it costs to see one. */
import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { watchSources, type SourceWatch } from '../../../src/stack/watch/sources.ts';
import { buildBundle } from '../daemon/bundle.ts';
import { countWatches } from './inotify.ts';

let root: string;
let watch: SourceWatch;
let changes: string[];
let problems: string[];

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-watch-')));
  changes = [];
  problems = [];
  watch = watchSources({
    clock: systemClock,
    brakes: { see: () => 'steady', judge: (_service, files) => [...files.keys()] },
    onChange: (_service, file) => void changes.push(file),
    onProblem: (_service, problem) => void problems.push(problem),
  });
});
afterEach(async () => {
  await watch.close();
  rmSync(root, { recursive: true, force: true });
  expect(problems).toEqual([]);
});

const write = (path: string, text = 'x'): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const follow = (...patterns: string[]): Promise<void> =>
  watch.follow([{ service: 'api', dir: join(root, 'api'), patterns }]);
const sees = (file: string): Promise<void> => eventually(() => expect(changes).toContain(file));
const seesAny = async (): Promise<void> => {
  await eventually(() => expect(changes).not.toEqual([]));
  changes = [];
};
/** Of files that change together one is told: where it is another one, the file is changed once more. */
const seesAtLast = async (file: string): Promise<void> => {
  for (let text = 'xx'; ; text += 'x') {
    await eventually(() => expect(changes).not.toEqual([]));
    if (changes.includes(file)) return;
    changes = [];
    write(`api/${file}`, text);
  }
};
/** Proves that what was done before is no change, by a change after it. */
const seesOnly = async (file: string): Promise<void> => {
  await sees(file);
  expect(changes).toEqual([file]);
};

describe('a change', () => {
  const old = new Date('2020-01-01');
  beforeEach(async () => {
    write('api/src/a.ts');
    write('api/src/deep/b.ts');
    write('api/readme.md');
    utimesSync(join(root, 'api/src/a.ts'), old, old);
    write('shared/s.ts');
    await follow('src/**/*.ts', 'src/**/[#.4]*', 'src/**/*~', '../shared/**');
  });

  it.each([
    ['a write', () => write('api/src/a.ts', 'y'), 'src/a.ts'],
    ['a new file', () => write('api/src/deep/c.ts'), 'src/deep/c.ts'],
    ['a removal', () => rmSync(join(root, 'api/src/deep/b.ts')), 'src/deep/b.ts'],
    ['a file in a new folder of a new folder', () => write('api/src/n/m/c.ts'), 'src/n/m/c.ts'],
    ['a folder that is gone', () => rmSync(join(root, 'api/src/deep'), { recursive: true }), 'src/deep/b.ts'],
    ['a file above the folder', () => write('shared/s.ts', 'y'), '../shared/s.ts'],
    ['a touch', () => utimesSync(join(root, 'api/src/a.ts'), new Date(), new Date()), 'src/a.ts'],
    [
      'a file that an editor puts in place of another',
      () => {
        write('api/src/a.ts.tmp', 'y');
        renameSync(join(root, 'api/src/a.ts.tmp'), join(root, 'api/src/a.ts'));
      },
      'src/a.ts',
    ],
    [
      'a copy that keeps an old date',
      () => {
        write('other.ts', 'longer');
        copyFileSync(join(root, 'other.ts'), join(root, 'api/src/a.ts'));
        utimesSync(join(root, 'api/src/a.ts'), old, old);
      },
      'src/a.ts',
    ],
    [
      'a folder that is moved in',
      () => {
        write('moved/c.ts');
        renameSync(join(root, 'moved'), join(root, 'api/src/moved'));
      },
      'src/moved/c.ts',
    ],
    [
      'a folder behind a link',
      () => {
        write('linked/c.ts');
        symlinkSync(join(root, 'linked'), join(root, 'api/src/link'));
      },
      'src/link/c.ts',
    ],
  ])('is %s', async (_name, change, file) => {
    change();
    await sees(file);
  });

  it.each([
    ['of rights', () => chmodSync(join(root, 'api/src/a.ts'), 0o600)],
    ['of another file', () => write('api/readme.md', 'y')],
    [
      'of what an editor keeps beside a file until it is saved',
      () => {
        for (const name of ['.a.ts.swp', '4913', 'a.ts~', '#a.ts#']) write(`api/src/${name}`);
        symlinkSync('me@here.1:2', join(root, 'api/src/.#a.ts'));
        rmSync(join(root, 'api/src/4913'));
      },
    ],
    ['below node_modules', () => write('api/src/node_modules/x/a.ts')],
  ])('is none %s', async (_name, change) => {
    change();
    write('api/src/deep/z.ts');
    await seesOnly('src/deep/z.ts');
  });

  it('is seen after the folder was made anew, twice, and after the root was', async () => {
    for (const text of ['1', '2']) {
      rmSync(join(root, 'api/src'), { recursive: true });
      write('api/src/a.ts', text);
      await seesAny();
      write(`api/src/new${text}.ts`);
      await seesAtLast(`src/new${text}.ts`);
    }
    rmSync(join(root, 'api'), { recursive: true });
    await seesAny();
    write('api/src/again.ts');
    await seesAtLast('src/again.ts');
    changes = [];
    write('api/src/again.ts', 'much longer');
    await seesAtLast('src/again.ts');
  });
});

describe('what git ignores', () => {
  it('is not looked into, also when it comes later', async () => {
    write('api/.gitignore', 'dist/\n*.gen.ts\n');
    write('api/dist/a.ts');
    execFileSync('git', ['init', '-q', root]);
    await follow('**');
    rmSync(join(root, 'api/dist'), { recursive: true });
    write('api/dist/b.ts');
    write('api/x.gen.ts');
    write('api/c.ts');
    await seesOnly('c.ts');
  });
});

describe('a change of what git ignores', () => {
  let text = '';
  const rewrite = (file: string): void => write(`api/${file}`, (text += 'x'));
  const counts = (file: string): Promise<void> =>
    eventually(async () => {
      changes = [];
      rewrite(file);
      await eventually(() => expect(changes).toContain(file), 1_000);
    });
  /** Proves by a file beside it that it does not. */
  const countsNot = (file: string): Promise<void> =>
    eventually(async () => {
      changes = [];
      rewrite(file);
      rewrite('mark');
      await eventually(() => expect(changes).not.toEqual([]), 5_000);
      expect(changes).toEqual(['mark']);
    });

  it.each([
    ['beside it', 'api/.gitignore'],
    ['above the service', '.gitignore'],
    ['in a folder that is watched', 'api/src/.gitignore'],
    ['of this clone alone', '.git/info/exclude'],
  ])('%s is looked at again, both ways', async (_name, rules) => {
    execFileSync('git', ['init', '-q', root]);
    write(rules, 'gen/\n');
    write('api/src/gen/a.ts');
    await follow('**');
    rmSync(join(root, 'api/src/gen'), { recursive: true });
    write('api/src/gen/deep/b.ts');
    await countsNot('src/gen/deep/b.ts');
    write(rules, '');
    await counts('src/gen/deep/b.ts');
    write(rules, 'gen/\n');
    await countsNot('src/gen/deep/b.ts');
  });

  it('ends the watches on what is ignored', { skip: process.platform !== 'linux' }, async () => {
    execFileSync('git', ['init', '-q', root]);
    write('api/gen/a/b/c.ts');
    write('.gitignore', '\n');
    await follow('**');
    const before = countWatches();
    write('.gitignore', 'gen/\n');
    await eventually(() => expect(countWatches()).toBe(before - 3));
    write('.gitignore', '\n');
    await eventually(() => expect(countWatches()).toBe(before));
  });
});

describe.skipIf(process.platform !== 'linux')('20,000 files in 400 folders', () => {
  const cost = async (pattern: string): Promise<{ watches: number; megabytes: number; after: number }> => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [join(root, 'out/watcher.js'), join(root, 'api'), pattern],
      { cwd: root },
    );
    expect(stderr).toBe('');
    return JSON.parse(stdout) as { watches: number; megabytes: number; after: number };
  };

  it('cost a watch a folder and 40 MB at most, and none where the pattern does not lead', async () => {
    await buildBundle(join(root, 'out'), { watcher: 'test/process/stack/watcher.ts' });
    for (let folder = 0; folder < 400; folder += 1) {
      const path = join(root, `api/${folder % 20}/${folder}`);
      mkdirSync(path, { recursive: true });
      for (let file = 0; file < 50; file += 1) writeFileSync(join(path, `${file}.ts`), '');
    }
    const all = await cost('**');
    expect(all.watches).toBeLessThanOrEqual(421);
    expect(all.megabytes).toBeLessThanOrEqual(40);
    expect(all.after).toBe(0);
    expect((await cost('3/**/*.ts')).watches).toBe(22);
    expect((await cost('*.json')).watches).toBe(1);
    console.info(`watch: ${all.watches} watches, ${all.megabytes.toFixed(1)} MB`);
  });
});
