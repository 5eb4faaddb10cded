/** What all proxies lead to: nginx with ready-made bodies, much faster than any of them. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { waitForAnswer } from './peers/peer.ts';
import { nginxConfig } from './peers/nginx.ts';
import { findFreePort, type Workshop } from './workshop.ts';

export interface Page {
  readonly path: string;
  readonly body: Buffer;
}

export interface Site {
  readonly port: number;
  readonly small: Page;
  readonly large: Page;
  /** What a page of an unbundled dev server loads. */
  readonly modules: readonly Page[];
}

/** Six connections that load them all make a page of 1,500. */
const MODULES = 250;

export async function startSite(workshop: Workshop): Promise<Site> {
  const folder = join(workshop.folder, 'site');
  mkdirSync(join(folder, 'src'), { recursive: true });
  const small = { path: '/small.json', body: fill(256, 1) };
  const large = { path: '/large.bin', body: fill(1 << 20, 2) };
  const modules = Array.from({ length: MODULES }, (_, index) => ({
    path: `/src/module${index}.js`,
    body: fill(moduleSize(index), index),
  }));
  for (const { path, body } of [small, large, ...modules]) writeFileSync(join(folder, path), body);
  const port = await findFreePort();
  const files = `root ${folder}; sendfile on; tcp_nopush on; open_file_cache max=4000; open_file_cache_valid 1h;`;
  const config = nginxConfig(
    join(workshop.folder, 'site-nginx'),
    `server { listen 127.0.0.1:${port} backlog=4096; ${files} location = / { return 200 ok; } location = ${small.path} { return 200 "${small.body.toString()}"; } location / { } }`,
  );
  const program = workshop.start('load', ['nginx', '-c', config]);
  const entrance = { port, host: `127.0.0.1:${port}`, pid: program.pid, close: () => program.stop() };
  await waitForAnswer('the backend (nginx)', entrance, program);
  return { port, small, large, modules };
}

/** Bytes: most modules are small, a few are not, as in the dependencies of a real application. */
export function moduleSize(index: number): number {
  const chance = createHash('sha256').update(`module ${index}`).digest().readUInt32LE() / 2 ** 32;
  if (chance < 0.6) return Math.round(400 + chance * 2_600);
  if (chance < 0.9) return Math.round(2_000 + (chance - 0.6) * 20_000);
  if (chance < 0.99) return Math.round(8_000 + (chance - 0.9) * 240_000);
  return 100_000;
}

/** Text that differs from file to file. */
function fill(length: number, seed: number): Buffer {
  const line = `export const value${seed} = ${createHash('sha256').update(String(seed)).digest('hex')};\n`;
  return Buffer.alloc(length, line);
}

const IDLE_BACKEND = resolve('test/bench/proxy/programs/idle-backend.js');

/** A backend of WebSockets and event streams. */
export async function startIdleBackend(
  workshop: Workshop,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const program = workshop.start('load', [process.execPath, IDLE_BACKEND]);
  for (;;) {
    const port = Number(/^(\d+)\n/.exec(program.output())?.[1] ?? 0);
    if (port !== 0) return { port, close: () => program.stop() };
    if (program.ended()) throw new Error(`the idle backend ended\n${program.output()}`);
    await pause(10);
  }
}
