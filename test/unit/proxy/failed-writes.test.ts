/** A socket whose writes fail goes on to be read. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, it } from 'vitest';

import { outliveFailedWrites } from '../../../src/proxy/failed-writes.ts';

const failure = (syscall: string): Error => Object.assign(new Error(`${syscall} EPIPE`), { syscall });

/** @param fails what becomes of the writes, in turn; the last stays */
function socketThat(fails: (Error | undefined)[]): { socket: Duplex; written: string[]; told: string[] } {
  const [written, told]: [string[], string[]] = [[], []];
  const take = (text: string, done: (error?: Error | null) => void): void => {
    written.push(text);
    done((fails.length > 1 ? fails.shift() : fails[0]) ?? null);
  };
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, done) => take(String(chunk), done),
    writev: (chunks, done) => take(chunks.map(({ chunk }) => String(chunk)).join('+'), done),
  });
  outliveFailedWrites(socket as unknown as Socket, ({ message }) => told.push(message));
  return { socket, written, told };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('what is written after the first failure vanishes, one by one or together, and is told once', async () => {
  const { socket, written, told } = socketThat([undefined, failure('write')]);
  socket.write('a');
  await settle();
  socket.write('b');
  await settle();
  socket.write('c');
  socket.cork();
  for (const text of ['d', 'e']) socket.write(text);
  socket.uncork();
  await settle();
  expect([written, told, socket.destroyed]).toEqual([['a', 'b'], ['write EPIPE'], false]);
  socket.push('what lies in the receive buffer');
  expect(String(socket.read())).toBe('what lies in the receive buffer');
});

it('several writes that fail together are one failure', async () => {
  const { socket, written, told } = socketThat([failure('write')]);
  socket.cork();
  for (const text of ['a', 'b']) socket.write(text);
  socket.uncork();
  socket.write('c');
  await settle();
  expect([written, told, socket.destroyed]).toEqual([['a+b'], ['write EPIPE'], false]);
});

it('any other failure is one', async () => {
  const { socket, told } = socketThat([failure('shutdown')]);
  const errors: string[] = [];
  socket.on('error', ({ message }) => errors.push(message));
  socket.write('a');
  await settle();
  expect([told, errors, socket.destroyed]).toEqual([[], ['shutdown EPIPE'], true]);
});
