/** Large bodies, and pages of many files, by h2load(1). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Page } from '../backend.ts';
import type { Entrance } from '../peers/peer.ts';
import { run } from '../workshop.ts';
import { checkBody } from './body.ts';
import { browserHeaders } from './client.ts';

/** Requests per second over so many connections, for about a third of a second. */
export async function measureTransfer(
  entrance: Entrance,
  page: Page,
  connections: number,
  expected: number,
): Promise<number> {
  await checkBody(entrance, page);
  const each = Math.max(4, Math.round((expected * 0.33) / connections));
  return runH2load(entrance, [`http://127.0.0.1:${entrance.port}${page.path}`], {
    connections,
    requests: each * connections,
    bytes: each * connections * page.body.length,
  });
}

/**
 * Milliseconds until every connection has loaded all these pages, one after the other on each: h2load lets all
 * connections begin with the first.
 */
export async function measureLoading(
  entrance: Entrance,
  pages: readonly Page[],
  connections: number,
  folder: string,
): Promise<number> {
  const list = join(folder, `urls-${entrance.port}`);
  writeFileSync(list, pages.map(({ path }) => `http://127.0.0.1:${entrance.port}${path}\n`).join(''));
  const requests = pages.length * connections;
  const bytes = pages.reduce((sum, { body }) => sum + body.length, 0) * connections;
  const rate = await runH2load(entrance, ['-i', list], { connections, requests, bytes });
  return (requests / rate) * 1_000;
}

interface Load {
  readonly connections: number;
  readonly requests: number;
  /** Of all bodies together. */
  readonly bytes: number;
}

async function runH2load(
  entrance: Entrance,
  urls: readonly string[],
  { connections, requests, bytes }: Load,
): Promise<number> {
  // A `Host` would stand beside its own one.
  const { Host: host = '', ...rest } = browserHeaders(entrance);
  const headers = Object.entries({ ':authority': host, ...rest });
  const words = ['--h1', '-t1', `-c${connections}`, `-n${requests}`];
  const { stdout } = await run('h2load', [
    ...words,
    ...headers.map(([name, value]) => `-H${name}: ${value}`),
    ...urls,
  ]);
  const report = readReport(stdout);
  if (report.succeeded !== requests || report.bytes !== bytes) {
    throw new Error(
      `of ${requests} requests ${report.succeeded} got 2xx, with ${report.bytes} bytes instead of ${bytes}\n${stdout}`,
    );
  }
  return report.rate;
}

/** What h2load prints at its end. */
export function readReport(text: string): { succeeded: number; bytes: number; rate: number } {
  const read = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? Number.NaN);
  return {
    succeeded: read(/^status codes: (\d+) 2xx/m),
    bytes: read(/\((\d+)\) data$/m),
    rate: read(/, ([\d.]+) req\/s/),
  };
}
