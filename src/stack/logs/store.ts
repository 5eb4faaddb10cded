/** What the services of a stack print: cut into lines, told to listeners, kept in files and, the last of it, in memory. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Clock } from '../../lib/clock.ts';
import { Emitter } from '../../lib/emitter.ts';
import { createLineCutter, type LineCutter } from './cut.ts';
import { openLogFile, type LogFile } from './file.ts';
import { formatLine, type LogLine, type LogStream } from './line.ts';
import { watchUnfinished, type Unfinished } from './unfinished.ts';

/** Whose lines they are. */
export interface LogSource {
  readonly service: string;
  /** The slot of the replica, where the service has several. */
  readonly replica?: number | undefined;
  /** The launch of the service, where there may be several at once. */
  readonly launch?: number | undefined;
}

export interface LogStore {
  /** Every line of every service, as it comes. */
  readonly lines: Emitter<LogLine>;
  /** A returned promise settles when the file has caught up: the child has to wait for it. */
  write(source: LogSource, stream: 'stdout' | 'stderr', chunk: Buffer): Promise<void> | undefined;
  /** A line of portramp's own among those of a service. */
  note(source: LogSource | string, text: string): void;
  /** The process has ended: what it printed without a line end is a line. */
  flush(source: LogSource): void;
  /** Gives the last lines that a service itself printed, oldest first: in all its launches, or in this one. */
  tail(service: string, count: number, launch?: number): string[];
  /** Resolves when everything is on disk. */
  close(): Promise<void>;
}

export interface LogStoreOptions {
  /** Made if it is not there, closed to others; where that cannot be, the first line of a service says so. */
  readonly folder: string;
  readonly clock: Clock;
  /** Bytes of one file; two are kept for each service. */
  readonly maxFileSize?: number;
}

const MAX_FILE_SIZE = 8 * 1024 * 1024;

/** Lines of each service that are kept in memory. */
const MAX_TAIL = 200;

/** One of the processes of a service. */
type Printer = Pick<LogSource, 'replica' | 'launch'>;

/** What one process prints. */
interface Output {
  readonly cutter: LineCutter;
  readonly unfinished: Unfinished;
}

interface ServiceLog {
  /** By process and stream: their lines come in pieces, which belong together. */
  readonly outputs: Map<string, Output>;
  readonly file: LogFile;
  readonly tail: LogLine[];
  readonly say: (stream: LogStream, text: string, source: Printer) => void;
  /** Set when the file is behind. */
  busy: Promise<void> | undefined;
}

export function createLogStore(options: LogStoreOptions): LogStore {
  try {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  } catch {
    // Its files meet the same, and tell.
  }
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
    write: (source, stream, chunk) => {
      const log = logOf(source.service);
      const { cutter, unfinished } = outputOf(log, source, stream, options.clock);
      cutter.write(chunk);
      unfinished.written();
      return log.busy;
    },
    note: (source, text) => {
      const { service, ...printer } = typeof source === 'string' ? { service: source } : source;
      for (const line of text.split('\n')) logOf(service).say('portramp', line, printer);
    },
    flush: (source) => {
      for (const stream of STREAMS) flush(logOf(source.service), keyOf(source, stream));
    },
    tail: (service, count, launch) =>
      (logs.get(service)?.tail ?? [])
        .filter((line) => launch === undefined || line.launch === launch)
        .slice(-count)
        .map(({ text }) => text),
    close: async () => {
      for (const log of logs.values()) for (const key of log.outputs.keys()) flush(log, key);
      await Promise.all([...logs.values()].map((log) => log.file.close()));
    },
  };
}

const STREAMS = ['stdout', 'stderr'] as const;

const keyOf = ({ replica, launch }: Printer, stream: LogStream): string =>
  `${replica ?? ''} ${launch ?? ''} ${stream}`;

function outputOf(log: ServiceLog, printer: Printer, stream: 'stdout' | 'stderr', clock: Clock): Output {
  const key = keyOf(printer, stream);
  const known = log.outputs.get(key);
  if (known !== undefined) return known;
  const cutter = createLineCutter((text) => log.say(stream, text, printer));
  const output = { cutter, unfinished: watchUnfinished(cutter, clock) };
  log.outputs.set(key, output);
  return output;
}

function flush({ outputs }: ServiceLog, key: string): void {
  const output = outputs.get(key);
  output?.unfinished.close();
  output?.cutter.flush();
  outputs.delete(key);
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
  const makeLine = (stream: LogStream, text: string, { replica, launch }: Printer = {}): LogLine => {
    sequence += 1;
    return { time: timeOf(), service, replica, launch, stream, sequence, text };
  };
  const file = openLogFile({
    path: join(folder, `${service}.log`),
    maxSize: maxFileSize,
    // Told to those who listen; writing it to the file that cannot be written would be no use.
    onProblem: (problem) => lines.emit(makeLine('portramp', problem)),
  });
  const say = (stream: LogStream, text: string, printer: Printer): void => {
    const line = makeLine(stream, text, printer);
    if (stream !== 'portramp') {
      log.tail.push(line);
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
    outputs: new Map(),
    file,
    tail: [],
    say,
    busy: undefined,
  };
  return log;
}
