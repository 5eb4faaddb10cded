/** What `portramp dev` prints of what happens in a stack. */
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createView, type ViewOptions } from '../../../src/cli/render/view.ts';
import type { PublishedService } from '../../../src/protocol/messages.ts';
import type { RunnerEvent } from '../../../src/stack/events.ts';

const ALL: ViewOptions = { root: '/work/shop', logs: true, summaries: true };

let out: string[];
let news: string[];
let waiting: number;

beforeEach(() => {
  [out, news, waiting] = [[], [], 0];
  const into = (lines: string[]) => (text: unknown) => {
    lines.push(...stripVTControlCharacters(String(text)).trim().split('\n'));
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(into(out));
  vi.spyOn(process.stderr, 'write').mockImplementation(into(news));
  vi.spyOn(process.stdout, 'writableLength', 'get').mockImplementation(() => waiting);
});

afterEach(() => vi.restoreAllMocks());

const serviceOf = (more: Partial<PublishedService> = {}): PublishedService => ({
  name: 'api',
  kind: 'process',
  state: 'ready',
  restarts: 0,
  ports: [
    {
      name: 'http',
      appProtocol: 'http',
      port: 1,
      targetPort: 1,
      url: 'http://api',
      hosts: [],
      listening: true,
    },
  ],
  ...more,
});

const line = (text: string, service = 'api'): RunnerEvent => ({
  type: 'line',
  line: { service, stream: 'stdout', text, time: 0 } as never,
});

function show(options: ViewOptions, ...events: RunnerEvent[]): void {
  const view = createView(options);
  for (const event of events) view(event);
}

const prepared = (...services: PublishedService[]): RunnerEvent => ({
  type: 'prepared',
  slug: 'shop',
  root: '/work/shop',
  services,
});

describe('a stack that starts', () => {
  it('is shown with all its services, unless its caller does so', () => {
    show(ALL, prepared(serviceOf()), { type: 'settled', services: [serviceOf({ name: 'web' })] });
    expect(out.join('\n')).toMatch(/^shop {2}\/work\/shop\napi .*\nweb /);
    out.length = 0;
    show({ ...ALL, summaries: false }, prepared(serviceOf()), { type: 'settled', services: [serviceOf()] });
    expect(out).toEqual([]);
  });

  it('tells of a service when what a person sees of it has changed', () => {
    const service = (more: Partial<PublishedService>): RunnerEvent => ({
      type: 'service',
      service: serviceOf(more),
    });
    show(
      ALL,
      service({ state: 'starting' }),
      service({ state: 'ready' }),
      service({ state: 'ready', pid: 7 }),
      service({ state: 'ready', restarts: 2 }),
      service({ state: 'failed', failure: { message: 'it crashed', log: [] } }),
    );
    expect(out).toEqual([
      'api │ ready http://api',
      'api │ ready http://api  restarted 2×',
      expect.stringMatching(/^api │ failed it crashed/),
    ]);
    out.length = 0;
    show(
      { ...ALL, summaries: false },
      service({ state: 'failed', failure: { message: 'it crashed', log: [] } }),
    );
    expect(out).toEqual([]);
  });
});

describe('lines of services', () => {
  it('are shown below each other, without empty ones, where they are asked for', () => {
    show(ALL, prepared(serviceOf(), serviceOf({ name: 'worker' })));
    out.length = 0;
    show(
      { ...ALL, summaries: false },
      prepared(serviceOf(), serviceOf({ name: 'worker' })),
      line('a'),
      line('  '),
      line('b', 'worker'),
    );
    expect(out).toEqual(['api    │ a', 'worker │ b']);
    out.length = 0;
    show({ ...ALL, logs: false }, line('a'));
    expect(out).toEqual([]);
  });

  it('that a terminal which stands still cannot show are counted', () => {
    const view = createView(ALL);
    view(line('a'));
    waiting = 1024 * 1024 + 1;
    for (const text of ['b', 'c']) view(line(text));
    waiting -= 1;
    for (const text of ['d', 'e']) view(line(text));
    expect(out).toEqual(['api │ a', 'api │ d', 'api │ e']);
    expect(news).toEqual(['2 lines were not shown meanwhile: "portramp logs" has them']);
  });
});

describe('news', () => {
  it('about one service are among its lines, or told where there are none', () => {
    const notice = (service?: string): RunnerEvent => ({
      type: 'notice',
      text: 'so',
      ...(service === undefined ? {} : { service }),
    });
    show(ALL, notice(), notice('api'));
    expect(news).toEqual(['portramp so']);
    show({ ...ALL, logs: false }, notice('api'));
    expect(news.at(-1)).toBe('portramp api: so');
  });

  it('of numbers that change say why', () => {
    const lease = { service: 'api', port: 'http', number: 2 };
    const moved = { type: 'reassigned', service: 'api', port: 'http', from: 1, lease } as const;
    const followed = { type: 'followed', service: 'api', port: 'http', from: 1, to: 3 } as const;
    show(
      ALL,
      { ...moved, holder: undefined },
      { ...moved, holder: { pid: 42, command: 'x' } },
      followed,
      { ...followed, line: 'write x' },
      { ...followed, to: 1 },
    );
    expect(news).toEqual([
      'portramp api.http moved from port 1, which somebody holds, to 2; its consumers start again',
      'portramp api.http moved from port 1, which x (pid 42) holds, to 2; its consumers start again',
      'portramp api.http listens on 3 in place of 1; portramp follows',
      'portramp api.http listens on 3 in place of 1; portramp follows (where that is to be expected, write x)',
      'portramp api.http is back on its port 1',
    ]);
  });

  it('of an edit say what became of each service', () => {
    const changed = { kind: 'changed', service: 'api' } as const;
    show(
      ALL,
      { type: 'applied', changes: [] },
      {
        type: 'applied',
        changes: [
          { kind: 'added', service: 'web', fields: [], impact: 'restart' },
          { ...changed, fields: ['command', 'env.A'], impact: 'restart' },
          { ...changed, fields: ['watch'], impact: 'none' },
          { ...changed, fields: ['ports.http.hosts'], impact: 'reroute' },
          { ...changed, fields: ['env.DB_URL'], impact: 'reroute' },
        ],
      },
    );
    expect(out).toEqual([
      'applied nothing has changed',
      'applied web added',
      'applied api changed (command, env.A): restarts',
      'applied api changed (watch): goes on',
      'applied api changed (ports.http.hosts): goes on, other names',
      'applied api changed (env.DB_URL): goes on, other names; "portramp restart api" tells it the new ones',
    ]);
  });

  it('of an edit that was refused say that everything goes on', () => {
    show(ALL, { type: 'refused', diagnostics: [] });
    expect(news.at(-1)).toBe('The edit was not applied; everything runs on as it was.');
  });
});
