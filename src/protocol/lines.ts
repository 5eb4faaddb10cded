/** The longest line that is read: 16 MiB. */
export const MAX_LINE = 16 * 1024 * 1024;

export interface LineReader {
  push(chunk: Buffer): void;
  /** Lets go of what was read of a line; nothing is read after that. */
  drop(): void;
}

/**
 * Cuts a byte stream into lines. Works on bytes, so that a character cut in two by a chunk's end stays whole:
 * in UTF-8 the byte 0x0A is always a line feed (RFC 3629 §3).
 */
export function createLineReader(options: {
  /** Bytes; asked for each part of a line. */
  readonly maxLine: () => number;
  readonly onLine: (line: string) => void;
  /** The line has become too long: the caller closes the connection. */
  readonly onOverflow: () => void;
  /** Told how many bytes are held after each chunk, of a line that is not whole yet. */
  readonly onHeld?: (bytes: number) => void;
}): LineReader {
  let rest: Buffer[] = [];
  let length = 0;

  /** False when the line has become too long. */
  const keep = (part: Buffer): boolean => {
    length += part.length;
    if (length > options.maxLine()) return false;
    if (part.length > 0) rest.push(part);
    return true;
  };

  const push = (chunk: Buffer): void => {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      // Once too long, always too long: `length` is not reset.
      if (!keep(chunk.subarray(start, end === -1 ? undefined : end))) return options.onOverflow();
      if (end === -1) return options.onHeld?.(length);
      const line = Buffer.concat(rest, length).toString('utf8');
      rest = [];
      length = 0;
      start = end + 1;
      if (line !== '') options.onLine(line);
    }
  };

  return {
    push,
    drop: () => {
      rest = [];
      options.onHeld?.(0);
    },
  };
}
