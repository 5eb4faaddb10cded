/** What is said of files that restart a service no more, and the line that says so for good. Pure. */
import { posix } from 'node:path';

import type { ResolvedService } from '../../plan/plan.ts';
import { patternsOf } from './sources.ts';

export interface Held {
  readonly files: readonly string[];
  readonly reason: string;
  /** What to write or type. */
  readonly hint: string;
}

/** So many files are excluded each by itself; more of them by their folders. */
const LISTED = 3;

export function describeHeld(service: ResolvedService, files: readonly string[]): Held | undefined {
  if (files.length === 0) return undefined;
  const { name, kind } = service;
  const field = kind === 'task' ? 'inputs' : 'watch';
  const when =
    kind === 'task' ? 'while it ran, or right after, three times' : 'right after each of three starts';
  const patterns = [...patternsOf(service.service), ...exclusionsOf(files).map((pattern) => `!${pattern}`)];
  return {
    files,
    reason: `changes of ${listFiles(files)} restart it no more: changed ${when} in a row`,
    hint: `write "${field}: [${patterns.map(quote).join(', ')}]" in services.${name}; if somebody else writes there, "portramp restart ${name}" lets it count again`,
  };
}

function listFiles(files: readonly string[]): string {
  const shown = files.slice(0, LISTED);
  const more = files.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const exclusionsOf = (files: readonly string[]): readonly string[] =>
  files.length <= LISTED
    ? files.map(asPattern)
    : [...new Set(files.map((file) => posix.join(asPattern(posix.dirname(file)), '*')))];

/** What has a meaning in patterns stands for itself, or for any other character. */
const asPattern = (path: string): string => path.replaceAll(/[\\*?[\]{}()!+@|^$]/g, '?');

/** For YAML. */
const quote = (pattern: string): string => `'${pattern.replaceAll("'", "''")}'`;
