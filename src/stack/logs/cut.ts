/** Longer lines are cut: a child that prints without line ends for ever must not fill the memory. Bytes. */
export const MAX_LINE = 64 * 1024;

const LINE_FEED = 0x0a;

export interface LineCutter {
  write(chunk: Buffer): void;
  /** What came after the last line end is a line too. */
  flush(): void;
}

/**
 * Cuts output into lines. Works on bytes: in UTF-8 a line feed is never part of another character (RFC 3629 §3).
 * Of a line that was overwritten with carriage returns (a progress bar) the last state stays.
 */
export function createLineCutter(onLine: (text: string) => void): LineCutter {
  let parts: Buffer[] = [];
  let length = 0;

  const emit = (): void => {
    const text = Buffer.concat(parts, length).toString('utf8');
    parts = [];
    length = 0;
    onLine(lastState(text));
  };

  const keep = (part: Buffer): void => {
    let rest = part;
    while (length + rest.length > MAX_LINE) {
      const room = MAX_LINE - length;
      parts.push(rest.subarray(0, room));
      length = MAX_LINE;
      emit();
      rest = rest.subarray(room);
    }
    if (rest.length === 0) return;
    parts.push(rest);
    length += rest.length;
  };

  return {
    write: (chunk) => {
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
        keep(chunk.subarray(start, end));
        emit();
        start = end + 1;
      }
      // A copy: the rest may wait for long, and would keep the whole chunk alive.
      if (start < chunk.length) keep(Buffer.from(chunk.subarray(start)));
    },
    flush: () => {
      if (length > 0) emit();
    },
  };
}

function lastState(text: string): string {
  const line = text.endsWith('\r') ? text.slice(0, -1) : text;
  return line.includes('\r') ? line.slice(line.lastIndexOf('\r') + 1) : line;
}
