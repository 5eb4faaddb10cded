/**
 * Knows programs that start another one and wait, when it has ended, for a file to change: the process of the service
 * lives on although nothing of it works. Pure.
 */
import { basename } from 'node:path';

/** A process of an instance. */
export interface Member {
  readonly pid: number;
  readonly ppid: number;
  /** Its command line. */
  readonly words: readonly string[];
  /** Milliseconds that it, and its children that ended, computed or waited to; undefined where nobody can see that. */
  readonly used?: number | undefined;
}

export interface Family {
  /** The name of the watcher. */
  readonly watcher: string;
  /** What it runs, or has left running; empty: the watcher is alone. */
  readonly children: readonly number[];
  /** It makes something of the sources itself before it starts anything. */
  readonly isSlow: boolean;
}

interface Watcher {
  readonly name: string;
  readonly isSlow?: true;
  readonly matches: (command: Command) => boolean;
}

/** A command line as a person would say it: `node ./node_modules/.bin/tsx watch a.ts` is `tsx`, `watch`, `a.ts`. */
interface Command {
  readonly program: string;
  /** The folder of the program, as it was typed. */
  readonly path: string;
  readonly args: readonly string[];
  /** What was said to the interpreter. */
  readonly flags: readonly string[];
}

const has = (args: readonly string[], ...words: string[]): boolean =>
  words.some((word) => args.includes(word));

const WATCHERS: readonly Watcher[] = [
  {
    name: 'node --watch',
    matches: ({ flags }) => flags.some((flag) => /^--watch(?:-path)?(?:=|$)/.test(flag)),
  },
  { name: 'nodemon', matches: ({ program }) => program === 'nodemon' },
  {
    name: 'tsx watch',
    matches: ({ program, path, args }) =>
      (program === 'tsx' || path.endsWith('/tsx/dist/cli')) && has(args.slice(0, 1), 'watch'),
  },
  {
    name: 'ts-node-dev',
    matches: ({ program, path }) =>
      program === 'ts-node-dev' || program === 'tsnd' || path.endsWith('/ts-node-dev/lib/bin'),
  },
  {
    name: 'nest start --watch',
    isSlow: true,
    matches: ({ program, args }) =>
      program === 'nest' && has(args, 'start') && has(args, '--watch', '-w', '--watchAssets'),
  },
  {
    name: 'uvicorn --reload',
    matches: ({ program, args }) => program === 'uvicorn' && has(args, '--reload'),
  },
  { name: 'fastapi dev', matches: ({ program, args }) => program === 'fastapi' && has(args, 'dev') },
  {
    name: 'flask run',
    matches: ({ program, args }) =>
      program === 'flask' && has(args, 'run') && has(args, '--debug', '--reload'),
  },
  {
    name: 'cargo watch',
    matches: ({ program, args }) =>
      program === 'cargo-watch' || (program === 'cargo' && has(args.slice(0, 1), 'watch')),
  },
  { name: 'watchexec', matches: ({ program }) => program === 'watchexec' },
  { name: 'air', matches: ({ program }) => program === 'air' },
];

/**
 * What a watcher starts for itself: a compiler that serves it, Python's keeper of shared memory, the `ps` with which
 * nodemon finds out at its start whether there is one, and later whom to end.
 */
const HELPERS: readonly RegExp[] = [
  /(?:^|\/)esbuild\S* --service=/,
  /multiprocessing\.resource_tracker/,
  /^(?:\S*sh -c )?(?:\S*\/)?ps(?: |$)/,
];

const isHelper = ({ words }: Member): boolean => HELPERS.some((helper) => helper.test(words.join(' ')));

/**
 * Finds the watcher among the processes of an instance, and what it runs.
 *
 * @returns undefined where there is no watcher, or something beside it that may be the service
 */
export function readFamily(members: readonly Member[]): Family | undefined {
  const byPid = new Map(members.map((member) => [member.pid, member]));
  const ancestorsOf = ({ ppid, pid }: Member): Member[] => {
    const found: Member[] = [];
    for (
      let next = byPid.get(ppid);
      next !== undefined && found.length < members.length;
      next = byPid.get(next.ppid)
    ) {
      if (next.pid === pid) break;
      found.push(next);
    }
    return found;
  };
  const found = members.flatMap((member) => {
    const watcher = findWatcher(member.words);
    // Flask's reloader runs the same command line again: that is what it watches over.
    const isChild = ancestorsOf(member).some(({ words }) => words.join('\0') === member.words.join('\0'));
    return watcher === undefined || isChild ? [] : [{ member, watcher }];
  });
  const [first] = found;
  if (first === undefined) return undefined;
  const isOwn = new Set(
    found.flatMap(({ member }) => [member, ...ancestorsOf(member)]).map(({ pid }) => pid),
  );
  const children = members
    .filter((member) => !isOwn.has(member.pid) && !isHelper(member))
    .map(({ pid }) => pid);
  return { watcher: first.watcher.name, children, isSlow: first.watcher.isSlow === true };
}

function findWatcher(words: readonly string[]): Watcher | undefined {
  const command = readCommand(words);
  return command && WATCHERS.find(({ matches }) => matches(command));
}

const INTERPRETER = /^(?:node|nodejs|bun|python[\d.]*|ruby)$/;

/** Flags of interpreters whose value is a word of its own. */
const VALUED: readonly string[] = [
  '-r',
  '--require',
  '--import',
  '--loader',
  '--experimental-loader',
  '-C',
  '-W',
  '-X',
];

function readCommand(words: readonly string[]): Command | undefined {
  const [first, ...rest] = words;
  if (first === undefined) return undefined;
  if (!INTERPRETER.test(nameOf(first)))
    return { program: nameOf(first), path: bare(first), args: rest, flags: [] };
  const flags: string[] = [];
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? '';
    if (word === '-m')
      return { program: nameOf(rest[at + 1] ?? ''), path: '', args: rest.slice(at + 2), flags };
    if (word.startsWith('-')) {
      flags.push(word);
      if (VALUED.includes(word)) at += 1;
      continue;
    }
    return { program: nameOf(word), path: bare(word), args: rest.slice(at + 1), flags };
  }
  return { program: nameOf(first), path: bare(first), args: [], flags };
}

const bare = (path: string): string => path.replaceAll('\\', '/').replace(/\.(?:exe|cmd|[cm]?js)$/i, '');
const nameOf = (path: string): string => basename(bare(path));
