/** Patterns of files (`src/**`), relative to a folder. Pure. */
import picomatch from 'picomatch';
import { posix } from 'node:path';

import { isEditorsOwn } from './editors.ts';

export interface Patterns {
  /** Folders, and files where no pattern was needed, below which all matches lie; relative to the folder. */
  readonly bases: readonly string[];
  /** @param path relative to the folder, with forward slashes */
  readonly matches: (path: string) => boolean;
  /** Whether a file below a folder can match. @param path as above; '' for the folder itself */
  readonly descends: (path: string) => boolean;
}

/** @param patterns What begins with `!` takes away from what the others match; alone, from all there is. */
export function compilePatterns(patterns: readonly string[]): Patterns {
  const taken = patterns.filter(isExclusion).map((pattern) => clean(pattern.slice(1)));
  const given = patterns.filter((pattern) => !isExclusion(pattern)).map(clean);
  const wanted = given.length === 0 && taken.length > 0 ? ['**'] : given;
  const isWanted = compileMatch(wanted);
  const isTaken = compileMatch(taken);
  const descents = wanted.map(compileDescent);
  const literal = new Set(
    wanted.map((pattern) => posix.basename(pattern)).filter((name) => !picomatch.scan(name).isGlob),
  );
  return {
    bases: [...new Set(wanted.map((pattern) => picomatch.scan(pattern).base || '.'))],
    // An editor's own file has to be named itself.
    matches: (path) =>
      isWanted(path) && !isTaken(path) && (!isEditorsOwn(path) || literal.has(posix.basename(path))),
    descends: (path) => descents.some((descends) => descends(path === '' ? [] : path.split('/'))),
  };
}

/** `!(a|b)` is a pattern of its own, which matches other names. */
const isExclusion = (pattern: string): boolean => pattern.startsWith('!') && !pattern.startsWith('!(');

const clean = (pattern: string): string =>
  posix
    .normalize(pattern)
    .replace(/(?<=.)\/$/, '')
    .replace(/^\.$/, '**');

/** A folder that is named means everything in it. */
function compileMatch(patterns: readonly string[]): (path: string) => boolean {
  const isMatch = picomatch([...patterns], { dot: true });
  return (path) => isMatch(path) || patterns.some((pattern) => path.startsWith(`${pattern}/`));
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
