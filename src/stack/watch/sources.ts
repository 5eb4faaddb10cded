/** Watches the sources of services (`watch`, and the `inputs` of tasks), and tells which service one belongs to. */
import { join } from 'node:path';

import type { Clock } from '../../lib/clock.ts';
import { errnoOf } from '../../lib/errors.ts';
import { isEqual } from '../../plan/equal.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import { createBatch } from './batch.ts';
import type { Brakes, Phase } from './brakes.ts';
import { watchFiles } from './files.ts';
import { listIgnoredFolders, listRuleFiles, RULES, withoutIgnored } from './ignored.ts';
import { compilePatterns, isNeverWatched, rootsOf } from './patterns.ts';
import { watchTree, type Tree } from './tree.ts';

export interface Sources {
  readonly service: string;
  /** Absolute. */
  readonly dir: string;
  readonly patterns: readonly string[];
}

/** What the contract says is to be watched. */
export const sourcesOf = (services: ReadonlyMap<string, ResolvedService>): Sources[] =>
  [...services.values()].map(({ name, dir, service }) => ({
    service: name,
    dir,
    patterns: patternsOf(service),
  }));

export function patternsOf(service: ResolvedService['service']): readonly string[] {
  switch (service.kind) {
    case 'process':
      return service.watch;
    case 'task':
      return service.inputs;
    case 'external':
    case 'compose':
      return [];
  }
}

export interface SourceWatchOptions {
  readonly clock: Clock;
  /** Says which changes are the service's own work. */
  readonly brakes: Pick<Brakes, 'see' | 'judge'>;
  /** Called after changes have calmed down, with one of the files, relative to the folder of the service. */
  readonly onChange: (service: string, file: string) => void;
  readonly onProblem: (service: string, problem: string) => void;
}

export interface SourceWatch {
  /** Watches these from now on. Resolves when changes are seen. */
  follow(sources: readonly Sources[]): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds without another change of what is ignored. */
const RULES_CALM = 50;

interface Watched {
  readonly sources: Sources;
  /** Asks again what is ignored. */
  review(): Promise<void>;
  close(): Promise<void>;
}

export function watchSources(options: SourceWatchOptions): SourceWatch {
  let watched: Watched[] = [];
  let closed = false;
  const rules = watchFiles({
    clock: options.clock,
    onChange: async () => void (await Promise.all(watched.map((one) => one.review()))),
  });
  return {
    follow: async (sources) => {
      const wanted = sources.filter(({ patterns }) => patterns.length > 0);
      const isWanted = ({ sources: known }: Watched): boolean => wanted.some((one) => isEqual(one, known));
      const stale = watched.filter((one) => !isWanted(one));
      watched = watched.filter(isWanted);
      await Promise.all(stale.map((one) => one.close()));
      const begun = options.clock.wallTime();
      for (const one of wanted) {
        if (closed || watched.some(({ sources: known }) => isEqual(one, known))) continue;
        const opened = await openWatch(one, options);
        // Closed meanwhile, when there was nothing to close yet.
        if (closed) await opened.close();
        else watched.push(opened);
      }
      const files = await Promise.all(watched.map(({ sources: { dir } }) => listRuleFiles(dir)));
      await rules.follow([...new Set(files.flat())], begun);
    },
    close: async () => {
      closed = true;
      await rules.close();
      await Promise.all(watched.map((one) => one.close()));
      watched = [];
    },
  };
}

async function openWatch(
  sources: Sources,
  { clock, brakes, onChange, onProblem }: SourceWatchOptions,
): Promise<Watched> {
  const { service, dir } = sources;
  const patterns = compilePatterns(sources.patterns);
  let ignored = await listIgnoredFolders(dir);
  let cancelReview = (): void => undefined;
  let hasFailed = false;

  const tell = async (changes: ReadonlyMap<string, Phase>): Promise<void> => {
    const counted = new Set(await withoutIgnored(dir, [...changes.keys()]));
    const [first] = brakes.judge(service, new Map([...changes].filter(([file]) => counted.has(file))));
    if (first !== undefined) onChange(service, first);
  };
  const batch = createBatch(clock, (changes) => void tell(changes));
  const openTree = (up: string): Promise<Tree> => {
    const fromDir = (path: string): string => [up, path].filter((part) => part !== '').join('/');
    return watchTree({
      root: join(dir, up),
      clock,
      descends: (path) =>
        !isNeverWatched(fromDir(path)) &&
        !ignored.has(join(dir, up, path)) &&
        patterns.descends(fromDir(path)),
      matches: (path) => patterns.matches(fromDir(path)),
      isIgnored: async (path) => (await withoutIgnored(dir, [`${fromDir(path)}/`])).length === 0,
      rules: RULES,
      onRules: () => {
        cancelReview();
        cancelReview = clock.after(RULES_CALM, () => void review());
      },
      onChange: (path) => {
        const file = fromDir(path);
        const phase = brakes.see(service, file);
        if (phase !== 'held') batch.add(file, phase);
      },
      // Said once for all of its folders: the service runs on without.
      onError: (error) => {
        if (!hasFailed) onProblem(service, describeProblem(error));
        hasFailed = true;
      },
    });
  };
  let trees: readonly Tree[] = [];
  const review = async (): Promise<void> => {
    ignored = await listIgnoredFolders(dir);
    for (const tree of trees) tree.review();
  };
  trees = await Promise.all(rootsOf(patterns).map(openTree));
  return {
    sources,
    review,
    close: async () => {
      cancelReview();
      batch.close();
      await Promise.all(trees.map((tree) => tree.close()));
    },
  };
}

function describeProblem(error: unknown): string {
  const code = errnoOf(error);
  if (code === 'ENOSPC')
    return "the system's limit of watches is reached: sudo sysctl fs.inotify.max_user_watches=524288";
  if (code === 'EMFILE')
    return "the system's limit of open files or watchers is reached: sudo sysctl fs.inotify.max_user_instances=1024";
  return String(error);
}
