/** Watches the sources of services (`watch`, and the `inputs` of tasks), and tells which service one belongs to. */
import { join, relative, sep } from 'node:path';

import { watch, type FSWatcher } from 'chokidar';

import type { Clock } from '../../lib/clock.ts';
import { isEqual } from '../../plan/equal.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import { listIgnoredFolders, withoutIgnored } from './ignored.ts';
import { compilePatterns, isNeverWatched } from './patterns.ts';

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

function patternsOf(service: ResolvedService['service']): readonly string[] {
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
  /** Called after changes have calmed down, with one of the files, relative to the folder of the service. */
  readonly onChange: (service: string, file: string) => void;
  readonly onProblem: (service: string, problem: string) => void;
}

export interface SourceWatch {
  /** Watches these from now on. Resolves when changes are seen. */
  follow(sources: readonly Sources[]): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds without another change: a save of all files, or `git switch`, is one change. */
const CALM = 150;

interface Watched {
  readonly sources: Sources;
  close(): Promise<void>;
}

export function watchSources(options: SourceWatchOptions): SourceWatch {
  let watched: Watched[] = [];
  let closed = false;
  return {
    follow: async (sources) => {
      const wanted = sources.filter(({ patterns }) => patterns.length > 0);
      const isWanted = ({ sources: known }: Watched): boolean => wanted.some((one) => isEqual(one, known));
      const stale = watched.filter((one) => !isWanted(one));
      watched = watched.filter(isWanted);
      await Promise.all(stale.map((one) => one.close()));
      for (const one of wanted) {
        if (closed || watched.some(({ sources: known }) => isEqual(one, known))) continue;
        watched.push(await openWatch(one, options));
      }
    },
    close: async () => {
      closed = true;
      await Promise.all(watched.map((one) => one.close()));
      watched = [];
    },
  };
}

async function openWatch(sources: Sources, options: SourceWatchOptions): Promise<Watched> {
  const { service, dir } = sources;
  const patterns = compilePatterns(sources.patterns);
  const ignored = await listIgnoredFolders(dir);
  const toRelative = (path: string): string => relative(dir, path).split(sep).join('/');
  const changed = new Set<string>();
  let cancel = (): void => undefined;

  const tell = async (): Promise<void> => {
    const files = [...changed];
    changed.clear();
    const [first] = await withoutIgnored(dir, files);
    if (first !== undefined) options.onChange(service, first);
  };

  const watcher: FSWatcher = watch(
    patterns.bases.map((base) => join(dir, base)),
    {
      ignoreInitial: true,
      atomic: true,
      ignored: (path) => ignored.has(path) || isNeverWatched(toRelative(path)),
    },
  );
  watcher.on('all', (event, path) => {
    const file = toRelative(path);
    if (event === 'addDir' || event === 'unlinkDir' || !patterns.matches(file)) return;
    changed.add(file);
    cancel();
    cancel = options.clock.after(CALM, () => void tell());
  });
  // Such as the system's limit of watches: the service runs on without.
  watcher.on('error', (error) => options.onProblem(service, String(error)));
  await new Promise<void>((resolve) => watcher.once('ready', resolve));
  return {
    sources,
    close: async () => {
      cancel();
      await watcher.close();
    },
  };
}
