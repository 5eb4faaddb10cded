/** One line that a service printed, or that portramp says about it; and how it is written to its file. Pure. */
export interface LogLine {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly service: string;
  /** The slot of the replica, where the service has several. */
  readonly replica?: number | undefined;
  /** The launch of the service that printed the line; known while its runner runs, and not written down. */
  readonly launch?: number | undefined;
  readonly stream: LogStream;
  /** Counts the lines of a service within one run from 1: a gap is lines that a reader has missed. */
  readonly sequence: number;
  /** Without its line end. */
  readonly text: string;
}

export type LogStream = 'stdout' | 'stderr' | 'portramp';

/** What portramp writes among the lines of a service when a process, or a container, of it has started. */
export const describeStart = (pid: number | undefined): string =>
  pid === undefined ? 'started' : `started (pid ${pid})`;

/** Tells whether the line is such a one. */
export const isStart = ({ stream, text }: Pick<LogLine, 'stream' | 'text'>): boolean =>
  stream === 'portramp' && /^started(?: \(pid \d+\))?$/.test(text);

const LETTERS: Record<LogStream, string> = { stdout: 'o', stderr: 'e', portramp: 'p' };

const STREAMS = new Map(Object.entries(LETTERS).map(([stream, letter]) => [letter, stream as LogStream]));

/** `2026-11-25T08:00:00.000Z 17 o listening`, of a replica `… 17 o2 listening`: readable with any tool. */
export const formatLine = ({ time, sequence, stream, replica, text }: LogLine): string =>
  `${time} ${sequence} ${LETTERS[stream]}${replica ?? ''} ${text}\n`;

/** Undefined for a line that was cut off, or that somebody else wrote. */
export function parseLine(service: string, line: string): LogLine | undefined {
  const match = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (\d+) ([oep])(\d*) (.*)$/s.exec(line);
  const stream = STREAMS.get(match?.[3] ?? '');
  if (match === null || stream === undefined) return undefined;
  const [, time = '', sequence, , replica = '', text = ''] = match;
  return {
    time,
    service,
    ...(replica === '' ? {} : { replica: Number(replica) }),
    stream,
    sequence: Number(sequence),
    text,
  };
}
