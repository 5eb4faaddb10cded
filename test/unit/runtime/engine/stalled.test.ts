/** An engine that goes on listening and does not answer. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { watchProject } from '../../../../src/runtime/compose/watch.ts';
import { createEngineClient, type EngineClient } from '../../../../src/runtime/engine/client.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('is looked at again while its events stand still, until it answers', async () => {
  let doesAnswer = true;
  let asked = 0;
  const engine: EngineClient = {
    get: async () => {
      asked += 1;
      if (!doesAnswer) throw new Error('no answer within 20 s');
      return [];
    },
    send: () => Promise.reject(new Error('not asked')),
    open: async () => new PassThrough() as unknown as IncomingMessage,
  };
  const problems: (string | undefined)[] = [];
  const watch = watchProject({
    engine: () => engine,
    project: () => 'shop',
    onEvent: () => undefined,
    onLook: () => problems.push(watch.problem),
  });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(problems).toEqual([undefined]);
  // At rest nothing is asked but by the patrol.
  await vi.advanceTimersByTimeAsync(50_000);
  expect(asked).toBe(1);

  doesAnswer = false;
  await watch.look();
  expect(problems).toEqual([undefined, 'no answer within 20 s']);
  doesAnswer = true;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(problems).toEqual([undefined, 'no answer within 20 s', undefined]);
  watch.close();
  expect(vi.getTimerCount()).toBe(0);
});

it('that begins an answer and stops in the middle is not waited for without end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portramp-stalled-'));
  const path = join(folder, 'd.sock');
  const server = http.createServer((_, response) => void response.write('[')).listen(path);
  await once(server, 'listening');
  try {
    const made = vi.spyOn(http, 'request');
    const asked = once(server, 'request');
    const answer = createEngineClient({ DOCKER_HOST: `unix://${path}` }, 'docker').get('/containers/json');
    const outcome = expect(answer).rejects.toThrow('the container engine broke off: no answer within 20 s');
    await asked;
    const request = made.mock.results[0]?.value as http.ClientRequest;
    await once(request, 'response');
    await vi.advanceTimersByTimeAsync(20_000);
    await outcome;
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  }
});
