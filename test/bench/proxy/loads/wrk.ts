/** Many small requests, by wrk(1). */
import { resolve } from 'node:path';

import type { Page } from '../backend.ts';
import type { Entrance } from '../peers/peer.ts';
import { cpuOf, familyOf } from '../process-usage.ts';
import { run } from '../workshop.ts';
import { checkBody } from './body.ts';
import { browserHeaders } from './connection.ts';

const SCRIPT = resolve('test/bench/proxy/loads/wrk.lua');

interface Summary {
  readonly requests: number;
  readonly bytes: number;
  readonly microseconds: number;
  /** Connections that broke or stalled. */
  readonly failed: number;
  /** Responses of 400 and above. */
  readonly refused: number;
  readonly wrong: number;
}

export interface WrkResult {
  /** Requests per second. */
  readonly rate: number;
  /** CPU of the proxy in microseconds per request; 0 for the direct way. */
  readonly cpu: number;
}

/** As fast as it goes over so many connections for a second. */
export async function measureRate(entrance: Entrance, page: Page, connections: number): Promise<WrkResult> {
  const { headLength } = await checkBody(entrance, page);
  const family = entrance.pid === undefined ? [] : familyOf(entrance.pid);
  const before = cpuOf(family);
  const summary = await runWrk(entrance, page.path, connections, '1s');
  const cpu = cpuOf(family) - before;
  checkBytes(summary, headLength + page.body.length, connections);
  return { rate: (summary.requests / summary.microseconds) * 1e6, cpu: cpu / summary.requests };
}

/** The same, with a look at every response. */
export async function warmUp(entrance: Entrance, page: Page, connections: number): Promise<void> {
  await checkBody(entrance, page);
  await runWrk(entrance, page.path, connections, '1s', String(page.body.length));
}

async function runWrk(
  entrance: Entrance,
  path: string,
  connections: number,
  duration: string,
  ...words: string[]
): Promise<Summary> {
  const headers = Object.entries(browserHeaders(entrance)).flatMap(([name, value]) => [
    '-H',
    `${name}: ${value}`,
  ]);
  const { stdout } = await run('wrk', [
    ...['-t1', `-c${connections}`, `-d${duration}`, '-s', SCRIPT, ...headers],
    ...[`http://127.0.0.1:${entrance.port}${path}`, '--', ...words],
  ]);
  const summary = JSON.parse(stdout.slice(stdout.lastIndexOf('{'))) as Summary;
  const { requests, failed, refused, wrong } = summary;
  if (requests === 0 || failed + refused + wrong > 0) {
    throw new Error(`${requests} requests: ${failed} failed, ${refused} refused, ${wrong} with another body`);
  }
  return summary;
}

/** wrk sums up what it read: whole responses, and at the end a part of one on each connection. */
function checkBytes({ requests, bytes }: Summary, size: number, connections: number): void {
  const excess = bytes - requests * size;
  const slack = requests * size * 0.001;
  if (excess < -slack || excess > connections * size + slack) {
    throw new Error(`${requests} responses of ${size} bytes took ${bytes} bytes`);
  }
}
