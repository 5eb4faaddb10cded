import { stripVTControlCharacters } from 'node:util';

/** Longer lines are cut: a child that prints without line ends for ever must not fill the memory. Bytes. */
export const MAX_LINE = 64 * 1024;

const LINE_FEED = 0x0a;

export interface LineCutter {
  /** The chunk may be used for something else afterwards. */
  write(chunk: Buffer): void;
  /** What came after the last line end is a line too, unless it shows nothing. */
  flush(): void;
  /** Whether something came after the last line end. */
  readonly isWaiting: boolean;
}

/**
 * Cuts output into lines. Works on bytes: in UTF-8 a line feed is never part of another character (RFC 3629 §3).
 * Of a line that was overwritten with carriage returns (a progress bar) the last state stays.
 */
export function createLineCutter(onLine: (text: string) => void): LineCutter {
  /** The beginning of a line whose end has not come yet. */
  let parts: Buffer[] = [];
  let length = 0;

  const emit = (last: Buffer): void => {
    const line = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    length = 0;
    onLine(lastState(line.toString('utf8')));
  };

  /** Tells what is too long for one line; returns what is left of it. */
  const emitFull = (bytes: Buffer): Buffer => {
    let rest = bytes;
    while (length + rest.length > MAX_LINE) {
      const room = MAX_LINE - length;
      emit(rest.subarray(0, room));
      rest = rest.subarray(room);
    }
    return rest;
  };

  const keep = (bytes: Buffer): void => {
    const rest = emitFull(bytes);
    if (rest.length === 0) return;
    // A copy: it may wait for long, and would keep the whole chunk alive.
    parts.push(Buffer.from(rest));
    length += rest.length;
  };

  /** No longer than one line may be. */
  const writePiece = (piece: Buffer): void => {
    const first = piece.indexOf(LINE_FEED);
    if (first === -1) return keep(piece);
    emit(emitFull(piece.subarray(0, first)));
    const last = piece.lastIndexOf(LINE_FEED);
    // Whole lines are decoded together: one at a time, that would be most of the work of a flood.
    if (last > first) {
      for (const text of piece.toString('utf8', first + 1, last).split('\n')) onLine(lastState(text));
    }
    keep(piece.subarray(last + 1));
  };

  return {
    write: (chunk) => {
      for (let start = 0; start < chunk.length; start += MAX_LINE) {
        writePiece(chunk.subarray(start, start + MAX_LINE));
      }
    },
    flush: () => {
      if (length === 0) return;
      const text = lastState(Buffer.concat(parts).toString('utf8'));
      parts = [];
      length = 0;
      if (stripVTControlCharacters(text) !== '') onLine(text);
    },
    get isWaiting() {
      return length > 0;
    },
  };
}

function lastState(text: string): string {
  const line = text.endsWith('\r') ? text.slice(0, -1) : text;
  return line.includes('\r') ? line.slice(line.lastIndexOf('\r') + 1) : line;
}
