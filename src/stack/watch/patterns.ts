/** Patterns of files (`src/**`), relative to a folder. Pure. */
import picomatch from 'picomatch';
import { posix } from 'node:path';

export interface Patterns {
  /** Folders, and files where no pattern was needed, below which all matches lie; relative to the folder. */
  readonly bases: readonly string[];
  /** @param path relative to the folder, with forward slashes */
  readonly matches: (path: string) => boolean;
  /** Whether a file below a folder can match. @param path as above; '' for the folder itself */
  readonly descends: (path: string) => boolean;
}

export function compilePatterns(patterns: readonly string[]): Patterns {
  const clean = patterns.map((pattern) =>
    posix
      .normalize(pattern)
      .replace(/(?<=.)\/$/, '')
      .replace(/^\.$/, '**'),
  );
  const isMatch = picomatch(clean, { dot: true });
  const descents = clean.map(compileDescent);
  return {
    bases: [...new Set(clean.map((pattern) => picomatch.scan(pattern).base || '.'))],
    // A folder that is named means everything in it.
    matches: (path) => isMatch(path) || clean.some((pattern) => path.startsWith(`${pattern}/`)),
    descends: (path) => descents.some((descends) => descends(path === '' ? [] : path.split('/'))),
  };
}

/** Whether a folder, given by its segments, lies on the way to what one pattern matches. */
function compileDescent(pattern: string): (folder: readonly string[]) => boolean {
  const { isGlob, negated } = picomatch.scan(pattern);
  // What cannot be taken apart at its slashes may match anywhere.
  const isWhole = negated || /[{(][^})]*\//.test(pattern);
  if (isWhole) return () => true;
  const segments = pattern.split('/');
  const tests = segments.map((segment) => picomatch(segment, { dot: true }));
  return (folder) => {
    const end = segments.indexOf('**');
    const fixed = end === -1 ? tests : tests.slice(0, end);
    const isOnTheWay = folder.slice(0, fixed.length).every((name, index) => fixed[index]?.(name));
    return isOnTheWay && (end !== -1 || folder.length < segments.length || !isGlob);
  };
}

/** Folders above which a pattern begins (`../shared/**`): '' for the folder itself, `..` for the one above. */
export const rootsOf = ({ bases }: Patterns): string[] => [
  ...new Set(bases.map((base) => /^\.\.(\/\.\.)*/.exec(base)?.[0] ?? '')),
];

/** Never part of a source, whatever the pattern. */
export const isNeverWatched = (path: string): boolean => /(^|\/)(\.git|node_modules)(\/|$)/.test(path);
