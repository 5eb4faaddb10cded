/** Many small requests, by wrk(1). */
import { resolve } from 'node:path';

import type { Page } from '../backend.ts';
import type { Entrance } from '../peers/peer.ts';
import { cpuOf, familyOf } from '../process-usage.ts';
import { run } from '../workshop.ts';
import { checkBody } from './body.ts';
import { browserHeaders } from './client.ts';

const SCRIPT = resolve('test/bench/proxy/loads/wrk.lua');

export interface WrkOptions {
  readonly connections: number;
  /** A file with a host a line, asked for in turn; without it, all requests are for the entrance's. */
  readonly hosts?: string;
}

/** What `wrk.lua` prints. */
interface Summary {
  readonly requests: number;
  readonly bytes: number;
  readonly microseconds: number;
  /** Connections that broke or stalled. */
  readonly failed: number;
  /** Responses of 400 and above. */
  readonly refused: number;
  /** Responses other than the first one, where they are looked at. */
  readonly wrong: number;
}

export interface Rate {
  /** Requests per second. */
  readonly rate: number;
  /** CPU of the proxy in microseconds per request; absent where there is none. */
  readonly cpu?: number;
}

/**
 * As fast as it goes for a second.
 * @throws Error at the first failed connection, status that is not 200, or byte that is missing.
 */
export async function measureRate(entrance: Entrance, page: Page, options: WrkOptions): Promise<Rate> {
  const { headLength } = await checkBody(entrance, page);
  const family = entrance.pid === undefined ? [] : familyOf(entrance.pid);
  const before = cpuOf(family);
  const summary = await runWrk(entrance, page.path, options);
  const cpu = cpuOf(family) - before;
  checkBytes(summary, headLength + page.body.length, options.connections);
  const rate = (summary.requests / summary.microseconds) * 1e6;
  return entrance.pid === undefined ? { rate } : { rate, cpu: cpu / summary.requests };
}

/** The same load, with a look at every response. */
export async function warmUp(entrance: Entrance, page: Page, options: WrkOptions): Promise<void> {
  await checkBody(entrance, page);
  await runWrk(entrance, page.path, options, `length=${page.body.length}`);
}

async function runWrk(
  entrance: Entrance,
  path: string,
  { connections, hosts }: WrkOptions,
  ...words: string[]
): Promise<Summary> {
  const fields = Object.entries(browserHeaders(entrance));
  const { stdout } = await run('wrk', [
    '-t1',
    '-d1s',
    `-c${connections}`,
    `-s${SCRIPT}`,
    ...fields.map(([name, value]) => `-H${name}: ${value}`),
    `http://127.0.0.1:${entrance.port}${path}`,
    '--',
    ...words,
    ...(hosts === undefined ? [] : [`hosts=${hosts}`]),
  ]);
  const summary = JSON.parse(stdout.slice(stdout.lastIndexOf('{'))) as Summary;
  const { requests, failed, refused, wrong } = summary;
  if (requests === 0 || failed + refused + wrong > 0) {
    throw new Error(
      `${path}: of ${requests} requests ${failed} failed, ${refused} were refused, ${wrong} had another body`,
    );
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
