/** Large bodies, by h2load(1). */
import type { Page } from '../backend.ts';
import type { Entrance } from '../peers/peer.ts';
import { run } from '../workshop.ts';
import { checkBody } from './body.ts';
import { browserHeaders } from './client.ts';

/** Requests per second, over so many connections, for about a third of a second. */
export async function measureTransfer(
  entrance: Entrance,
  page: Page,
  connections: number,
  expected: number,
): Promise<number> {
  await checkBody(entrance, page);
  const perConnection = Math.max(4, Math.round((expected * 0.33) / connections));
  return runH2load(entrance, page, connections, perConnection * connections);
}

async function runH2load(
  entrance: Entrance,
  { path, body }: Page,
  connections: number,
  count: number,
): Promise<number> {
  // A `Host` would stand beside its own one.
  const { Host: host = '', ...rest } = browserHeaders(entrance);
  const headers = Object.entries({ ':authority': host, ...rest }).flatMap(([name, value]) => [
    '-H',
    `${name}: ${value}`,
  ]);
  const { stdout } = await run('h2load', [
    '--h1',
    '-t1',
    `-c${connections}`,
    `-n${count}`,
    ...headers,
    `http://127.0.0.1:${entrance.port}${path}`,
  ]);
  const { succeeded, bytes, rate } = readReport(stdout);
  if (succeeded !== count || bytes !== count * body.length) {
    throw new Error(
      `${count} requests: ${succeeded} got 2xx, ${bytes} bytes instead of ${count * body.length}\n${stdout}`,
    );
  }
  return rate;
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
