import { describe, expect, it } from 'vitest';

import { readRows } from '../../../src/lib/proc-net.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

/** A row as the kernel pads it: 150 bytes. */
const row = (number: number, state: string): string =>
  `${String(number).padStart(4)}: 0100007F:1F90 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${4000 + number} 1`
    .padEnd(149)
    .concat('\n');

const rows = (count: number, state: string): string[] =>
  Array.from({ length: count }, (_, index) => row(index, state));

/** A table that is read as the kernel gives it: whole rows, as many as fit; counts the reads. */
function table(lines: readonly string[]) {
  const left = [HEAD.padEnd(149).replace('\n', ' ').concat('\n'), ...lines];
  const reads = { count: 0 };
  const read = (chunk: Buffer): number => {
    reads.count += 1;
    let size = 0;
    for (let line = left[0]; line !== undefined && size + line.length <= chunk.length; line = left[0]) {
      size += chunk.write(line, size, 'latin1');
      left.shift();
    }
    return size;
  };
  return { read, reads };
}

const countOf = (text: string, state: string): number => text.split(` ${state} `).length - 1;

describe('what listens', () => {
  it('is read at once where it is little: the end is not looked for', () => {
    const { read, reads } = table([...rows(5, '0A'), ...rows(10, '01')]);
    expect(countOf(readRows(read), '0A')).toBe(5);
    expect(reads.count).toBe(1);
  });

  it('is read whole where it fills many chunks', () => {
    const { read } = table([...rows(200, '0A'), ...rows(2_000, '06')]);
    expect(countOf(readRows(read), '0A')).toBe(200);
  });

  it('is found without reading through thousands of connections', () => {
    const { read, reads } = table([...rows(40, '0A'), ...rows(10_000, '06')]);
    expect(countOf(readRows(read), '0A')).toBe(40);
    expect(reads.count).toBe(3);
  });

  it('is complete where it ends with a chunk', () => {
    // The header and 26 rows are one chunk of 4,050 bytes: nothing says yet that it was the last.
    for (const count of [25, 26, 27, 53, 54]) {
      expect(countOf(readRows(table(rows(count, '0A')).read), '0A')).toBe(count);
    }
  });

  it('may be nothing', () => {
    expect(readRows(() => 0)).toBe('');
    expect(countOf(readRows(table([]).read), '0A')).toBe(0);
  });
});
