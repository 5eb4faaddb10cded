import { plainText } from '../../lib/plain-text.ts';
import type { RequestEvent } from '../../protocol/messages.ts';
import { color, print } from '../terminal.ts';

/** Waiting for less than this (milliseconds) is no news. */
const HELD = 5;

/** Prints requests one a line, the services in a column. */
export function requestPrinter(services: readonly string[]): (request: RequestEvent) => void {
  let width = Math.max(1, ...services.map((name) => name.length));
  return (request) => {
    width = Math.max(width, request.service?.length ?? 0);
    print(requestLine(request, width));
  };
}

export function requestLine(request: RequestEvent, width: number): string {
  const { time, method, host, path, status, bytes, duration, held, complete, service = '-' } = request;
  const notes = [
    held >= HELD ? `waited ${formatTime(held)}` : '',
    complete ? '' : status === undefined ? 'the client left' : 'broken off',
  ].filter((note) => note !== '');
  return [
    color.dim(formatClock(time)),
    paintStatus(status),
    method.padEnd(6),
    formatTime(duration).padStart(7),
    formatSize(bytes).padStart(8),
    service.padEnd(width),
    plainText(`${host}${path}`) + (notes.length === 0 ? '' : color.dim(`  (${notes.join(', ')})`)),
  ].join('  ');
}

function paintStatus(status: number | undefined): string {
  if (status === undefined) return color.dim('---');
  const paints = [color.dim, color.dim, color.green, color.cyan, color.yellow, color.red];
  return (paints[Math.floor(status / 100)] ?? color.red)(String(status));
}

/** 12:03:04.567, local time. */
function formatClock(time: number): string {
  const date = new Date(time);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const clock = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

const formatTime = (ms: number): string =>
  ms < 10 ? `${ms.toFixed(1)} ms` : ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;

function formatSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
