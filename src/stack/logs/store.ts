/** What the services of a stack print: cut into lines, told to listeners, kept in files and, the last of it, in memory. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Clock } from '../../lib/clock.ts';
import { Emitter } from '../../lib/emitter.ts';
import { createLineCutter, type LineCutter } from './cut.ts';
import { openLogFile, type LogFile } from './file.ts';
import { formatLine, type LogLine, type LogStream } from './line.ts';

export interface LogStore {
  /** Every line of every service, as it comes. */
  readonly lines: Emitter<LogLine>;
  /** A returned promise settles when the file has caught up: the child has to wait for it. */
  write(service: string, stream: 'stdout' | 'stderr', chunk: Buffer): Promise<void> | undefined;
  /** A line of portramp's own among those of a service. */
  note(service: string, text: string): void;
  /** The service has ended: what it printed without a line end is a line. */
  flush(service: string): void;
  /** The last lines that a service itself printed, oldest first. */
  tail(service: string, count: number): string[];
  /** Resolves when everything is on disk. */
  close(): Promise<void>;
}

export interface LogStoreOptions {
  /** Made if it is not there, closed to others. */
  readonly folder: string;
  readonly clock: Clock;
  /** Bytes of one file; two are kept for each service. */
  readonly maxFileSize?: number;
}

const MAX_FILE_SIZE = 8 * 1024 * 1024;

/** Lines of each service that are kept in memory. */
const MAX_TAIL = 200;

interface ServiceLog {
  readonly stdout: LineCutter;
  readonly stderr: LineCutter;
  readonly file: LogFile;
  readonly tail: string[];
  readonly say: (stream: LogStream, text: string) => void;
  /** Set when the file is behind. */
  busy: Promise<void> | undefined;
}

export function createLogStore(options: LogStoreOptions): LogStore {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const lines = new Emitter<LogLine>();
  const logs = new Map<string, ServiceLog>();
  const logOf = (service: string): ServiceLog => {
    const known = logs.get(service);
    if (known !== undefined) return known;
    const log = openServiceLog(service, options, lines);
    logs.set(service, log);
    return log;
  };
  return {
    lines,
    write: (service, stream, chunk) => {
      const log = logOf(service);
      log[stream].write(chunk);
      return log.busy;
    },
    note: (service, text) => {
      for (const line of text.split('\n')) logOf(service).say('portramp', line);
    },
    flush: (service) => flush(logOf(service)),
    tail: (service, count) => logs.get(service)?.tail.slice(-count) ?? [],
    close: async () => {
      for (const log of logs.values()) flush(log);
      await Promise.all([...logs.values()].map((log) => log.file.close()));
    },
  };
}

function flush({ stdout, stderr }: ServiceLog): void {
  stdout.flush();
  stderr.flush();
}

/** ISO 8601. A flood has thousands of lines in a millisecond, and writing a time is most of the work of one. */
function createTimestamps(clock: Clock): () => string {
  let last = NaN;
  let text = '';
  return () => {
    const now = clock.wallTime();
    if (now !== last) text = new Date(now).toISOString();
    last = now;
    return text;
  };
}

function openServiceLog(
  service: string,
  { folder, clock, maxFileSize = MAX_FILE_SIZE }: LogStoreOptions,
  lines: Emitter<LogLine>,
): ServiceLog {
  let sequence = 0;
  const timeOf = createTimestamps(clock);
  const makeLine = (stream: LogStream, text: string): LogLine => {
    sequence += 1;
    return { time: timeOf(), service, stream, sequence, text };
  };
  const file = openLogFile({
    path: join(folder, `${service}.log`),
    maxSize: maxFileSize,
    // Told to those who listen; writing it to the file that cannot be written would be no use.
    onProblem: (problem) => lines.emit(makeLine('portramp', problem)),
  });
  const say = (stream: LogStream, text: string): void => {
    const line = makeLine(stream, text);
    if (stream !== 'portramp') {
      log.tail.push(text);
      if (log.tail.length > MAX_TAIL) log.tail.shift();
    }
    const busy = file.append(formatLine(line));
    log.busy = busy;
    void busy?.then(() => {
      if (log.busy === busy) log.busy = undefined;
    });
    lines.emit(line);
  };
  const log: ServiceLog = {
    stdout: createLineCutter((text) => say('stdout', text)),
    stderr: createLineCutter((text) => say('stderr', text)),
    file,
    tail: [],
    say,
    busy: undefined,
  };
  return log;
}
