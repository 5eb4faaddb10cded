/** What a service printed last, from its log file: its present process, or the one that ended last. */
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { locateHome } from '../../lib/home.ts';
import type { PublishedService } from '../../protocol/messages.ts';
import { brokenOf } from '../instances.ts';
import { withoutClosing } from '../../stack/logs/closing.ts';
import { isStart, type LogLine } from '../../stack/logs/line.ts';

/** How many lines of the cause are shown. */
const LINES = 10;

/** How many lines of the log, those of portramp included, may have to be read for that. */
const READ = 4 * LINES;

/** Reads the last lines of a service; none where nothing of it ran in this run of the stack. */
export async function readLastLines(slug: string, service: PublishedService): Promise<readonly string[]> {
  const failure = service.failure ?? brokenOf(service).find((one) => one.failure !== undefined)?.failure;
  if (failure !== undefined) return pickLast(failure.log);
  // Only a process, and a container, has a log of today.
  if (service.pid === undefined && service.kind !== 'compose') return [];
  const { readLogs } = await import('../../stack/logs/read.ts');
  const folder = join(locateHome().logs, slug);
  const { signal } = new AbortController();
  const lines: LogLine[] = [];
  // That a log cannot be read "portramp logs" says; here the lines are beside the answer.
  const onProblem = (): void => undefined;
  const options = { folder, services: [service.name], tail: READ, follow: false, signal, onProblem };
  for await (const line of readLogs(options)) lines.push(line);
  return pickLast(ofPresent(lines).map(({ text }) => text));
}

/**
 * Picks the lines to show of what was printed last. Neither blank ones count, nor frames within Node, nor what package
 * managers say after it: those of a module that is not found would fill the whole room, and leave out which module that is.
 */
export const pickLast = (log: readonly string[]): readonly string[] =>
  withoutClosing(log.filter(isWorthIt)).slice(-LINES);

/** A line of a stack that is Node's own: "at node:…", "at defaultResolve (node:…". */
const INNER_FRAME = /^\s*at (?:.*\()?node:/;

function isWorthIt(line: string): boolean {
  const text = stripVTControlCharacters(line);
  return text.trim() !== '' && !INNER_FRAME.test(text);
}

/** Leaves out what was printed before the last start of the replica that the line is of, and what portramp says. */
export const ofPresent = (lines: readonly LogLine[]): LogLine[] =>
  lines.filter(
    (line, at) =>
      line.stream !== 'portramp' &&
      !lines.slice(at + 1).some((later) => isStart(later) && later.replica === line.replica),
  );
