/** Patterns of files (`src/**`), relative to a folder. Pure. */
import picomatch from 'picomatch';
import { posix } from 'node:path';

export interface Patterns {
  /** Folders, and files where no pattern was needed, below which all matches lie; relative to the folder. */
  readonly bases: readonly string[];
  /** @param path relative to the folder, with forward slashes */
  matches(path: string): boolean;
}

export function compilePatterns(patterns: readonly string[]): Patterns {
  const clean = patterns.map((pattern) => posix.normalize(pattern));
  const isMatch = picomatch(clean, { dot: true });
  return {
    bases: [...new Set(clean.map((pattern) => picomatch.scan(pattern).base || '.'))],
    // A folder that is named means everything in it.
    matches: (path) => isMatch(path) || clean.some((pattern) => path.startsWith(`${pattern}/`)),
  };
}

/** Never part of a source, whatever the pattern. */
export const isNeverWatched = (path: string): boolean => /(^|\/)(\.git|node_modules)(\/|$)/.test(path);
