/** What the commands print with: one place that knows about streams, colours and widths. */

import { createColors } from 'picocolors';

import { errnoOf, messageOf, type PortrampError } from '../lib/errors.ts';
import { CONTROL, plainText } from '../lib/plain-text.ts';
import { lead } from './way.ts';

/** NO_COLOR and FORCE_COLOR are honoured (no-color.org, force-color.org). */
function wantsColor(stream: NodeJS.WriteStream): boolean {
  if (process.env['NO_COLOR']) return false;
  if (process.env['FORCE_COLOR']) return process.env['FORCE_COLOR'] !== '0';
  return stream.isTTY && process.env['TERM'] !== 'dumb';
}

export const hasColor = wantsColor(process.stdout);
export const color = createColors(hasColor);

/** The streams that cannot be written any more. */
const lost = new Set<NodeJS.WriteStream>();
const lossListeners = new Set<() => void>();

/** The reader has what it wanted (`| head -1`), or the terminal was closed: no failure of the command. */
const LEFT = ['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END'];

/** To be called once, before anything is printed. What is printed after a stream was lost goes nowhere. */
export function guardOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => {
      if (lost.has(stream)) return;
      lost.add(stream);
      if (!LEFT.includes(errnoOf(error) ?? '')) {
        process.exitCode = 1;
        notice(`${color.red('error')} what was printed could not be written: ${messageOf(error)}`);
      }
      if (stream === process.stdout) for (const listener of lossListeners) listener();
    });
  }
}

/**
 * Keeps a terminal whose output is halted (Ctrl-S, a selection, a connection that stalls) from halting this process:
 * Node writes to terminals so that it waits for them. What cannot be written is kept until it can be.
 */
export function neverWaitForTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const handle: unknown = stream.isTTY ? Reflect.get(stream, '_handle') : undefined;
    if (canUnblock(handle)) handle.setBlocking(false);
  }
}

interface Unblockable {
  readonly setBlocking: (blocking: boolean) => void;
}

const canUnblock = (handle: unknown): handle is Unblockable =>
  typeof handle === 'object' &&
  handle !== null &&
  'setBlocking' in handle &&
  typeof handle.setBlocking === 'function';

/** Bytes that wait to be printed from which on nothing should be added that can be read elsewhere. */
const MOST_WAITING = 1024 * 1024;

/** Whether what is printed waits for a reader that is far behind. */
export const isBehind = (): boolean => process.stdout.writableLength > MOST_WAITING;

/** Calls back when nobody reads stdout any more; the returned function ends that. */
export function onOutputLost(listener: () => void): () => void {
  lossListeners.add(listener);
  if (lost.has(process.stdout)) queueMicrotask(listener);
  return () => lossListeners.delete(listener);
}

export const print = (text = ''): void => write(process.stdout, `${text}\n`);

/** News for a person, never part of a command's data; commands in it are about the stack of this command. */
export const notice = (text: string): void => write(process.stderr, `${lead(text)}\n`);

/** Says what went wrong, and what to type. */
export function sayProblem({ message, hint }: Pick<PortrampError, 'message' | 'hint'>): void {
  notice(`${color.red('error')} ${message}`);
  if (hint !== undefined) notice(`  ${color.dim('hint:')} ${hint}`);
}

function write(stream: NodeJS.WriteStream, text: string): void {
  if (!lost.has(stream)) stream.write(text);
}

/** Resolves when what was printed is out: a reader that is slow is waited for. */
export async function printed(): Promise<void> {
  const { stdout } = process;
  if (!stdout.writableNeedDrain || lost.has(stdout)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stdout.off('drain', done);
      off();
      resolve();
    };
    const off = onOutputLost(done);
    stdout.once('drain', done);
  });
}

/** Prints one JSON object; what is said in it is led as it is for people. */
export function printJson(value: unknown): void {
  const isSaid = (key: string, text: unknown): text is string =>
    typeof text === 'string' && SAID.includes(key);
  print(JSON.stringify(value, (key, text: unknown) => (isSaid(key, text) ? lead(text) : text), 2));
}

/** The keys of texts for people. */
const SAID = ['hint', 'reason'];

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
 * nothing may move the cursor, clear the screen or change the terminal. Binary junk is shown as U+FFFD.
 */
export function createDisplay(withColor: boolean): (text: string) => string {
  const { reset } = createColors(withColor);
  return (text) => {
    // Most lines have nothing of the kind.
    if (text.search(CONTROL) === -1) return text;
    const kept = withColor ? (text.match(SGR) ?? []) : [];
    const shown = text.split(SGR).map((part, index) => plainText(part) + (kept[index] ?? ''));
    return shown.join('') + (kept.length > 0 ? reset('') : '');
  };
}

export const displayText = createDisplay(hasColor);
