/** What `portramp why` prints. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';

import { renderExplanation } from '../../../src/cli/render/why.ts';
import type {
  Explanation,
  HostExplanation,
  LeaseExplanation,
  PortExplanation,
  ServiceExplanation,
} from '../../../src/cli/why/explanation.ts';

const textOf = (explanation: Explanation): string[] =>
  stripVTControlCharacters(renderExplanation(explanation)).split('\n');

const service = (more: Partial<ServiceExplanation> = {}): ServiceExplanation => ({
  stack: 'shop',
  root: '/work/shop',
  service: 'api',
  state: 'failed',
  needs: [],
  ports: [],
  refusedHosts: [],
  ...more,
});

const port = (more: Partial<PortExplanation> = {}): PortExplanation => ({
  number: 4_000,
  free: false,
  holders: [],
  ...more,
});

const lease = (more: Partial<LeaseExplanation> = {}): LeaseExplanation => ({
  stack: 'shop',
  root: '/work/shop',
  running: true,
  service: 'api',
  port: 'http',
  ...more,
});

const HOLDER = { pid: 42, command: 'node x.js', own: false };

describe('a service', () => {
  it('has what is known of it, in the order of what a person asks', () => {
    const need = { service: 'db', condition: 'ready', state: 'failed', needs: [] };
    const lines = textOf({
      kind: 'service',
      ...service({
        reason: 'exited with code 1',
        hint: 'portramp logs api',
        needs: [
          { ...need, reason: 'it crashed', hint: 'fix it', needs: [{ ...need, service: 'disk' }] },
          { ...need, service: 'cache', state: 'sleeping' },
        ],
        remains: [{ pid: 7, command: 'sleep' }],
        probe: { problem: 'connection refused', ago: 1_500 },
        answers: { failed: { message: 'read ECONNRESET', ago: 2_000 }, dropped: 'a: b' },
        ports: [port({ free: true, lease: lease() })],
        refusedHosts: [{ host: 'api.localhost', stack: 'blog' }],
      }),
    });
    expect(lines).toEqual([
      'api failed  shop, /work/shop',
      '  exited with code 1 — portramp logs api',
      '  needs db (ready), which is failed: it crashed — fix it',
      '    needs disk (ready), which is failed',
      '  needs cache (ready), which is sleeping',
      '  kept from stopping by sleep (pid 7)',
      '  last look 1.5 s ago: connection refused',
      '  a request was not answered 2.0 s ago: read ECONNRESET',
      '  left out of its last odd response (x-portramp-dropped): a: b',
      '  port 4000: leased to api.http of shop (/work/shop); free: nothing listens there',
      '  api.localhost is held by blog',
    ]);
  });

  it('of which nothing is wrong has one line, and a look that found nothing is well', () => {
    expect(textOf({ kind: 'service', ...service({ state: 'ready' }) })).toEqual([
      'api ready  shop, /work/shop',
    ]);
    expect(textOf({ kind: 'service', ...service({ reason: 'x', probe: { ago: 0 } }) }).slice(1)).toEqual([
      '  x',
      '  last look 0.0 s ago: well',
    ]);
  });
});

describe('the end of a service', () => {
  it.each<[Partial<NonNullable<ServiceExplanation['ended']>>, RegExp]>([
    [{ exitCode: 0, took: 1_500 }, /^ended with code 0 .+ ago, after /],
    [{ exitCode: 3 }, /^ended with code 3 [^,]+ ago$/],
    [{ signal: 'SIGKILL' }, /^ended by SIGKILL [^,]+ ago$/],
    [{}, /^ended \S+ \S+ ago$/],
    [{ skipped: true }, /^had nothing to do .+ ago: its inputs are those of its last success$/],
  ])('is told as far as it is known: %j', (ended, expected) => {
    const lines = textOf({ kind: 'service', ...service({ ended: { ago: 2_000, ...ended } }) });
    expect(lines.filter((line) => expected.test(line.trim()))).toHaveLength(1);
  });
});

describe('a port', () => {
  it.each<[string, Partial<PortExplanation>, string[]]>([
    ['of nobody', { free: true }, ['nobody leased it', 'free: nothing listens there']],
    [
      'that somebody holds who cannot be seen',
      {},
      ['nobody leased it', 'held by a process that this user cannot see'],
    ],
    [
      'of the front',
      { front: true, holders: [{ ...HOLDER, address: '::1' }] },
      ['the front of portramp', 'held by node x.js (pid 42) on ::1'],
    ],
    [
      'of a stack that does not run, in a stranger’s hands',
      { lease: lease({ running: false }), holders: [HOLDER] },
      [
        'leased to api.http of shop (/work/shop), which is not running',
        'held by node x.js (pid 42), a stranger',
      ],
    ],
    [
      'of a service that has it',
      { lease: lease(), holders: [{ ...HOLDER, own: true }] },
      ['leased to api.http of shop (/work/shop)', 'held by node x.js (pid 42), which belongs to it'],
    ],
    [
      'of a container, whose engine listens',
      { lease: lease({ port: '5432/tcp' }), holders: [HOLDER] },
      ['leased to api.5432/tcp of shop (/work/shop)', 'held by node x.js (pid 42)'],
    ],
    [
      'that was opened in place of another',
      { free: true, lease: lease({ given: 3_000 }) },
      [
        'opened by api.http of shop (/work/shop)',
        'in place of 3000, which it was given',
        'free: nothing listens there',
      ],
    ],
    [
      'that has a history',
      { free: true, lease: lease({ opened: 5_000, pinned: 80, generation: 3 }) },
      [
        'leased to api.http of shop (/work/shop)',
        'it listens on 5000 in its place',
        'in place of 80, which the contract pins',
        'its number has moved 2×',
        'free: nothing listens there',
      ],
    ],
  ])('%s', (_, more, lines) => {
    expect(textOf({ kind: 'port', ...port(more) })).toEqual([
      'port 4000',
      ...lines.map((line) => `  ${line}`),
    ]);
  });
});

describe('a host', () => {
  it.each<[string, Partial<HostExplanation>, string[]]>([
    ['of nobody', {}, ['leads nowhere: no stack has that name']],
    [
      'that is nearly another',
      { suggestion: 'b' },
      ['leads nowhere: no stack has that name; did you mean b?'],
    ],
    [
      'that several want',
      {
        stack: 'shop',
        root: '/work/shop',
        running: true,
        refused: ['blog'],
        service: service({ state: 'ready' }),
      },
      ['leads to shop (/work/shop)', 'blog wants it too, and does not get it', 'api ready  shop, /work/shop'],
    ],
    [
      'of a stack that rests',
      { stack: 'shop', root: '/work/shop' },
      ['leads to shop (/work/shop), which is not running: portramp dev'],
    ],
    [
      'of a stack whose checkout is gone',
      { stack: 'shop', root: '/work/shop', gone: true },
      ['leads to shop (/work/shop), which is not running; its checkout was removed or moved: portramp clean'],
    ],
  ])('%s', (_, more, lines) => {
    const explanation: HostExplanation = { host: 'a', running: false, refused: [], ...more };
    expect(textOf({ kind: 'host', ...explanation })).toEqual(['a', ...lines.map((line) => `  ${line}`)]);
  });
});
