/** What a verdict says to a person. */
import { expect, it } from 'vitest';

import type { Aside, ElsewhereFacts } from '../../../../src/stack/readiness/assess.ts';
import { foundBy, namesNumber } from '../../../../src/stack/readiness/words.ts';
import { resolutionOf } from '../../plan/stack.ts';

const service = resolutionOf(
  'services:\n  api: { command: run, ports: { http: {}, admin: {} } }\n',
).services.get('api')!;
const port = { name: 'http', number: 20_200, implicit: false, listens: false, since: 0, listened: false };
const told = (more: Partial<ElsewhereFacts>): string | undefined =>
  foundBy({ kind: 'misplaced', port, elsewhere: { numbers: [3000], since: 0, leases: [], ...more } }, service)
    ?.message;

it.each<[Partial<ElsewhereFacts>, string]>([
  [{}, 'it listens on 3000, not on 20200 (its port http)'],
  [
    { leases: ['web of other'] },
    'it listens on 3000, which is leased to web of other, not on 20200 (its port http)',
  ],
  [{ shared: true }, 'it listens on 3000, where somebody else listens too, not on 20200 (its port http)'],
  [
    { refusal: 'its port has changed 3 times within a minute: it is not followed to 3000' },
    'it listens on 3000, not on 20200 (its port http); its port has changed 3 times within a minute: it is not followed to 3000',
  ],
  [{ silent: [port] }, 'it listens on 3000, not on 20200 (its port http)'],
  [
    { silent: [port, { name: 'admin', number: 20_201 }] },
    'it listens on 3000, neither on 20200 (its port http) nor on 20201 (its port admin)',
  ],
])('what listens elsewhere (%j) is told where it is and is not', (more, message) => {
  expect(told(more)).toBe(message);
});

it.each<[{ readonly busy?: boolean; readonly took?: number }, string, string]>([
  [{}, 'nothing listens on port 20200 (http)', 'ports: false'],
  [{ busy: true }, 'nothing listens on port 20200 (http) yet, and it still computes', 'portramp logs api'],
  [
    { busy: true, took: 900 },
    'nothing listens on port 20200 (http) yet, and it still computes',
    'portramp logs api',
  ],
  [
    { took: 3_210 },
    'nothing listens on port 20200 (http); the last time something did after 3.2 s',
    'portramp logs api',
  ],
  [
    { took: 41_700 },
    'nothing listens on port 20200 (http); the last time something did after 42 s',
    'portramp logs api',
  ],
])('what is silent (%j) is told to have no port only where nothing speaks for one', (more, message, hint) => {
  const { busy = false, took } = more;
  expect(foundBy({ kind: 'silent', port, passable: true, busy }, service, took)).toEqual({
    kind: 'silent',
    passable: true,
    message,
    hint: expect.stringContaining(hint) as string,
  });
});

it('a line names a number only where that is all of it', () => {
  expect(
    ['http://localhost:3000/', 'port 3000', '30001', '13000'].map((line) => namesNumber([line], 3000)),
  ).toEqual([true, true, false, false]);
});

it.each<[string, Partial<Aside>, string, string]>([
  [
    '',
    {},
    'no HTTP is answered',
    'add "ports: { http: { static: 24946, appProtocol: tcp } }" to services.api;',
  ],
  [
    '',
    { answer: 'no-page' },
    'no page is answered',
    'add "ports: { http: { static: 24946 } }" to services.api;',
  ],
  [
    ', ports: { http: {} }',
    {},
    'no HTTP is answered',
    'add "static: 24946, appProtocol: tcp" to services.api.ports.http;',
  ],
  [
    '',
    { answer: { seconds: 10 } },
    'GET / has had no answer for over 10 s',
    'add "ports: { http: { static: 24946 } }" to services.api;',
  ],
  [
    '',
    { answer: { seconds: 0 } },
    'GET / has had no answer so far',
    'add "ports: { http: { static: 24946 } }" to services.api;',
  ],
  ['', { isOthers: true }, 'no HTTP is answered', 'if it has no port, write "ports: false"'],
])(
  'what listens where no page is answered (%s %j) is told both numbers, and what to write',
  (ports, more, what, hint) => {
    const one = resolutionOf(`services:\n  api: { command: run${ports} }\n`).services.get('api')!;
    const asides: Aside[] = [{ number: 24_946, answer: 'no-http', isOthers: false, ...more }];
    const found = foundBy({ kind: 'silent', port, passable: true, asides }, one, 900);
    expect(found?.message).toBe(
      `nothing listens on port 20200 (http); it listens on 24946 in its place, where ${what}`,
    );
    expect(found?.hint).toContain(hint);
  },
);

it('what listens on several numbers is told of each what it answers', () => {
  const asides: Aside[] = [
    { number: 9_000, answer: 'no-http', isOthers: false },
    { number: 3_000, answer: { seconds: 30 }, isOthers: false },
    { number: 9_001, answer: 'no-http', isOthers: false },
  ];
  expect(foundBy({ kind: 'silent', port, passable: true, asides }, service)?.message).toBe(
    'nothing listens on port 20200 (http); it listens on 9000 and 9001 in its place, where no HTTP is answered, and on 3000, where GET / has had no answer for over 30 s',
  );
});
