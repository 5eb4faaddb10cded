/** What the commands print with: one place that knows about streams, colours and widths. */
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';

import { createColors } from 'picocolors';

/** NO_COLOR and FORCE_COLOR are honoured (no-color.org, force-color.org). */
function wantsColor(stream: NodeJS.WriteStream): boolean {
  if (process.env['NO_COLOR']) return false;
  if (process.env['FORCE_COLOR']) return process.env['FORCE_COLOR'] !== '0';
  return stream.isTTY && process.env['TERM'] !== 'dumb';
}

export const hasColor = wantsColor(process.stdout);
export const color = createColors(hasColor);

export function print(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Resolves when what was printed is out: a reader that is slow is waited for. */
export async function printed(): Promise<void> {
  if (process.stdout.writableNeedDrain)
    await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]);
}

/** News for a person, never part of a command's data. */
export function notice(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Text made of columns, two spaces apart; escape codes do not count for the width. */
export function columns(rows: readonly (readonly string[])[], indent = ''): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, visibleWidth(cell));
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - visibleWidth(cell)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => indent + line)
    .join('\n');
}

// oxlint's no-control-regex is about accidents; SGR sequences start with ESC on purpose.
const ESC = String.fromCharCode(27);
const SGR = new RegExp(`${ESC}\\[[0-9;]*m`, 'g');

export const visibleWidth = (text: string): number => text.replace(SGR, '').length;

/**
 * What a service printed, as it can be shown among the lines of others: colours stay where there are colours, and
 * nothing may move the cursor or clear the screen.
 */
export function displayText(text: string): string {
  if (!text.includes(ESC)) return text;
  if (!hasColor) return stripVTControlCharacters(text);
  const kept = text.match(SGR) ?? [];
  const bare = text.split(SGR).map(stripVTControlCharacters);
  return bare.map((part, index) => part + (kept[index] ?? '')).join('') + color.reset('');
}
