/** What the front serves of what runners published, and what it says of stacks that nobody runs. */
import { describe, expect, it } from 'vitest';

import { describeFinding, frontStacks, restingStacks } from '../../../src/daemon/routes.ts';
import { createSessions, type Sessions } from '../../../src/daemon/sessions.ts';
import type { Standing } from '../../../src/daemon/verification.ts';
import type { FrontRoute } from '../../../src/front/table.ts';
import { emptyLedger, type Ledger } from '../../../src/ports/ledger.ts';
import type { PublishedRoute, PublishedService } from '../../../src/protocol/messages.ts';
import { createManualClock } from '../manual-clock.ts';

const KEY = { root: '/work/shop', environment: 'dev' };
const FINDING = {
  kind: 'unknown',
  marker: 'bad',
  port: 'http',
  number: 4_000,
  address: '127.0.0.1',
} as const;
const STANDINGS: Readonly<Record<string, Standing>> = {
  good: { kind: 'fine' },
  bad: { kind: 'condemned', finding: FINDING },
};

const ledger = (more: Partial<Ledger> = {}): Ledger => ({
  ...emptyLedger,
  stacks: [
    {
      ...KEY,
      workspace: 'shop',
      workspaceId: 'w',
      main: true,
      slug: 'shop',
      index: 0,
      firstSeen: '2026-01-01',
      branch: 'auth',
    },
  ],
  ...more,
});

const at = (port: number): { protocol: 'http'; host: string; port: number } => ({
  protocol: 'http',
  host: '127.0.0.1',
  port,
});

type State = PublishedRoute['route'];

const LIVE: State = { state: 'live', targets: [at(4_000)] };
const STOPPED: State = { state: 'stopped' };

const serviceOf = (more: Partial<PublishedService> = {}): PublishedService => ({
  name: 'api',
  kind: 'process',
  state: 'ready',
  restarts: 0,
  ports: [{ name: 'http', appProtocol: 'http', port: 4_000, targetPort: 4_100, hosts: [] }],
  ...more,
});

const markOf = (marker: string): { startTime: string; marker: string } => ({ startTime: '1', marker });

function sessionsWith(services: readonly PublishedService[], route: State = LIVE): Sessions {
  const sessions = createSessions({ clock: createManualClock(), onChange: () => undefined });
  const session = sessions.attach(KEY, 1, {
    lastHeard: 0,
    peer: {
      request: async () => ({}),
      notify: () => undefined,
      close: () => undefined,
      destroy: () => undefined,
      closed: false,
      unsent: 0,
    },
  });
  sessions.close();
  const routes = [{ host: 'api.shop.localhost', service: 'api', port: 'http', route }];
  session.snapshot = { services: [...services], routes };
  return sessions;
}

const routeOf = (
  services: readonly PublishedService[],
  route: State = LIVE,
): FrontRoute['route'] | undefined =>
  frontStacks(sessionsWith(services, route), ledger(), (marker) => STANDINGS[marker])[0]?.routes[0]?.route;

describe('a route to one instance', () => {
  it.each([
    ['that was looked at and is fine', 'good', { state: 'live' }],
    ['that was not looked at yet', 'new', { state: 'warming' }],
    ['that shares its port', 'bad', { state: 'failed', failure: { hint: 'portramp why api' } }],
  ])('%s', (_, marker, expected) => {
    expect(routeOf([serviceOf({ instance: markOf(marker) })])).toMatchObject(expected);
  });

  it('is believed where nobody looks: an external listener, one without a mark, a service that is not live', () => {
    const external = serviceOf({
      instance: markOf('bad'),
      ports: [{ name: 'http', appProtocol: 'http', port: 1, targetPort: 1, hosts: [], listener: 'external' }],
    });
    expect(routeOf([external])).toBe(LIVE);
    expect(routeOf([serviceOf()])).toBe(LIVE);
    expect(routeOf([])).toBe(LIVE);
    expect(routeOf([serviceOf({ instance: markOf('bad') })], { state: 'stopped' })).toEqual({
      state: 'stopped',
    });
  });
});

describe('a route to several instances', () => {
  const instancesOf = (...marks: readonly (string | undefined)[]): PublishedService =>
    serviceOf({
      instances: marks.map((marker, slot) => ({
        slot,
        state: 'ready',
        role: 'serving',
        ports: { http: 4_000 + slot },
        ...(marker === undefined ? {} : { mark: markOf(marker) }),
      })),
    });
  const both: State = { state: 'live', targets: [at(4_000), at(4_001)] };

  it.each([
    ['serves of those that are fine', ['good', 'bad'], { state: 'live', targets: [at(4_000)] }],
    ['serves of all that are fine, also without a mark', ['good', undefined], both],
    ['waits while one is not looked at', ['bad', 'new'], { state: 'warming' }],
    ['has failed where none is fine', ['bad', 'bad'], { state: 'failed' }],
  ])('%s', (_, marks, expected) => {
    expect(routeOf([instancesOf(...marks)], both)).toMatchObject(expected);
  });

  it('stays as it is where it is not live', () => {
    expect(routeOf([instancesOf('bad')], STOPPED)).toBe(STOPPED);
  });
});

it('a stack is served under its name with the numbers of its services on this machine', () => {
  const outside = serviceOf({
    name: 'pay',
    kind: 'external',
    ports: [{ name: 'x', appProtocol: 'http', port: 9, targetPort: 9, hosts: [] }],
  });
  const [stack] = frontStacks(sessionsWith([serviceOf(), outside]), ledger(), () => undefined);
  expect(stack).toMatchObject({ slug: 'shop', label: 'shop (auth)' });
  expect([...(stack?.ports ?? [])]).toEqual([4_000, 4_100]);
  expect(frontStacks(sessionsWith([serviceOf()]), ledger({ stacks: [] }), () => undefined)).toEqual([]);
});

it('a stack rests that no runner speaks for, and is known by its hosts', () => {
  const hosts = { 'a.localhost': KEY, 'b.localhost': KEY };
  const resting = {
    slug: 'shop',
    label: 'shop (auth)',
    root: '/work/shop',
    hosts: ['a.localhost', 'b.localhost'],
  };
  expect(restingStacks(sessionsWith([]), ledger({ hosts }))).toEqual([resting]);
  expect(restingStacks(sessionsWith([]), ledger({ hosts }), new Set(['/work/shop']))).toEqual([
    { ...resting, gone: true },
  ]);
  expect(restingStacks(sessionsWith([serviceOf()]), ledger({ hosts }))).toEqual([]);
  const [stack] = ledger().stacks;
  if (stack === undefined) throw new Error('the ledger has no stack');
  const other = { ...stack, environment: 'e2e' };
  expect(restingStacks(sessionsWith([serviceOf()]), ledger({ stacks: [other] }))).toEqual([
    { ...resting, environment: 'e2e', hosts: [] },
  ]);
});

it('a finding says whose port it is', () => {
  const where = { marker: 'x', port: 'http', number: 4_000 };
  expect(describeFinding(FINDING)).toBe(
    'port 4000 (http) is listened on by a process that cannot be identified',
  );
  expect(describeFinding({ kind: 'elsewhere', ...where, opened: [] })).toBe(
    'nothing listens on port 4000 (http)',
  );
  const holder = { pid: 42, command: 'node x.js', address: '127.0.0.1' };
  expect(describeFinding({ kind: 'ghost', ...where, holder, later: false } as never)).toMatch(
    /^port 4000 \(http\) is shared with .*42/,
  );
});
