/** From what is known of services, ports and hosts to what `why` says, and whether something is wrong. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';

import { notRunning } from '../../../src/cli/daemon-access.ts';
import { passThrough } from '../../../src/cli/pass-through.ts';
import { renderStacks } from '../../../src/cli/render/stacks.ts';
import { renderExplanation } from '../../../src/cli/render/why.ts';
import { explainSilence } from '../../../src/cli/silent-logs.ts';
import { rootOf } from '../../../src/cli/waiting/open.ts';
import {
  explainHost,
  explainPort,
  explainService,
  findHost,
  hostOf,
  type Facts,
  type PortFacts,
} from '../../../src/cli/why/explain.ts';
import type { PortExplanation, ServiceExplanation } from '../../../src/cli/why/explanation.ts';
import { isWrong } from '../../../src/cli/why/verdict.ts';
import type {
  PublishedInstance,
  PublishedService,
  RunningStack,
  ServiceDetails,
} from '../../../src/protocol/messages.ts';

const serviceOf = (name: string, more: Partial<PublishedService> = {}): PublishedService => ({
  name,
  kind: 'process',
  state: 'ready',
  restarts: 0,
  ports: [],
  ...more,
});

const portOf = (number: number, more: object = {}): PublishedService['ports'][number] => ({
  name: 'http',
  appProtocol: 'http',
  port: number,
  targetPort: number,
  hosts: [],
  listening: true,
  ...more,
});

function stackOf(
  services: readonly PublishedService[],
  { resting = false, ...more }: Partial<RunningStack> & { resting?: boolean } = {},
): RunningStack {
  return {
    root: '/work/shop',
    environment: 'dev',
    workspace: 'shop',
    workspaceId: 'w',
    main: true,
    slug: 'shop',
    ident: 'shop',
    index: 0,
    services: [...services],
    ...(resting ? {} : { pid: 10 }),
    ...more,
  };
}

const needOf = (service: string, more: object = {}): ServiceDetails['needs'][number] => ({
  service,
  condition: 'ready',
  met: false,
  optional: false,
  ...more,
});

const factsOf = (
  stacks: readonly RunningStack[],
  details: Record<string, Partial<ServiceDetails>> = {},
): Facts => ({
  stacks,
  front: 7_267,
  details: new Map(Object.entries(details).map(([name, more]) => [name, { name, needs: [], ...more }])),
});

function explain(
  services: readonly PublishedService[],
  name: string,
  details: Record<string, Partial<ServiceDetails>> = {},
  more: Parameters<typeof stackOf>[1] = {},
): ServiceExplanation {
  const stack = stackOf(services, more);
  return explainService(factsOf([stack], details), stack, name, new Map());
}

describe('the reason of a service', () => {
  it.each<[string, PublishedService, object]>([
    [
      'that nobody started',
      serviceOf('api', { state: 'idle' }),
      { reason: 'nobody started it', hint: 'portramp start api' },
    ],
    [
      'that the first request starts',
      serviceOf('api', { state: 'idle', status: 'sleeping' }),
      { reason: 'the first request will start it', hint: 'portramp open api' },
    ],
    [
      'that speaks TLS where http is declared',
      serviceOf('api', { ports: [portOf(1), portOf(2, { name: 'admin', speaksTls: true })] }),
      {
        reason: 'it speaks TLS on port 2, and portramp.yaml says http',
        hint: 'services.api.ports: { admin: { appProtocol: https } }',
      },
    ],
    [
      'elsewhere, whose certificate is not believed',
      serviceOf('api', {
        state: 'external',
        answers: { failed: { message: 'self-signed certificate', ago: 1 } },
      }),
      { reason: 'it did not answer: self-signed certificate', hint: expect.stringContaining('ca: FILE.pem') },
    ],
    ['elsewhere, of which nothing is known', serviceOf('api', { state: 'external' }), {}],
    ['that is well', serviceOf('api'), {}],
  ])('%s', (_, service, expected) => {
    const { reason, hint } = explain([service], 'api');
    expect({ reason, hint }).toEqual({ reason: undefined, hint: undefined, ...expected });
  });

  it('is that a command stopped it, where it has run', () => {
    const services = [serviceOf('api', { state: 'idle' })];
    const told = { reason: 'stopped by a command', hint: 'portramp start api' };
    expect(explain(services, 'api', { api: { ran: true } })).toMatchObject(told);
    expect(explain(services, 'api', { api: { ran: false } }).reason).toBe('nobody started it');
  });

  it('is that of its stack, where that does not run', () => {
    expect(explain([], 'api', {}, { resting: true })).toMatchObject({
      state: 'not running',
      reason: 'no runner is attached',
      hint: 'portramp dev',
    });
    const silent = explain([serviceOf('api')], 'api', {}, { silent: true, pid: process.pid });
    expect(silent).toMatchObject({ state: 'ready', silent: true });
    expect(silent.reason).toMatch(/^the runner \(pid \d+\) does not answer: it /);
    expect(isWrong({ kind: 'service', ...silent })).toBe(true);
  });
});

describe('the needs of a service', () => {
  const services = [
    serviceOf('api', { state: 'waiting', waitingFor: ['db'] }),
    serviceOf('db', { state: 'idle' }),
    serviceOf('disk', { state: 'failed', failure: { message: 'it is full', log: [] } }),
  ];

  it('are those that are not met, with theirs, each once', () => {
    const details = {
      api: {
        needs: [
          needOf('db'),
          needOf('cache', { met: true }),
          needOf('mail', { optional: true }),
          needOf('gone'),
        ],
      },
      db: { needs: [needOf('disk', { condition: 'completed' }), needOf('api')] },
    };
    expect(explain(services, 'api', details).needs).toMatchObject([
      {
        service: 'db',
        condition: 'ready',
        state: 'stopped',
        reason: 'nobody started it',
        needs: [
          { service: 'disk', condition: 'completed', state: 'failed', reason: 'it is full', needs: [] },
        ],
      },
      { service: 'gone', state: 'not running', needs: [] },
    ]);
    expect(explain(services, 'api').needs).toMatchObject([{ service: 'db', condition: 'ready' }]);
  });

  it('are also those that were met and have gone bad since, through others that are well', () => {
    const running = [
      serviceOf('web'),
      serviceOf('api'),
      serviceOf('db', { state: 'unwell', reason: 'its container is paused' }),
    ];
    const met = (service: string, more: object = {}) => needOf(service, { met: true, ...more });
    const details = { web: { needs: [met('api')] }, api: { needs: [met('web'), met('db')] }, db: {} };
    const found = explain(running, 'web', details);
    expect(found.needs).toMatchObject([
      {
        service: 'api',
        state: 'ready',
        needs: [{ service: 'db', state: 'unwell', reason: 'its container is paused' }],
      },
    ]);
    expect(isWrong({ kind: 'service', ...found })).toBe(true);
    const optional = explain(running, 'api', { api: { needs: [met('db', { optional: true })] } });
    expect(optional.needs).toEqual([]);
    expect(isWrong({ kind: 'service', ...optional })).toBe(false);
  });

  it('lead to the one that all wait for', () => {
    const root = (
      name: string,
      details: Record<string, Partial<ServiceDetails>> = {},
    ): string | undefined => {
      const service = services.find((one) => one.name === name);
      return service && rootOf(services, service, factsOf([], details).details).name;
    };
    expect(root('api')).toBe('db');
    expect(root('db')).toBe('db');
    expect(root('api', { api: { needs: [needOf('db')] }, db: { needs: [needOf('disk')] } })).toBe('disk');
    expect(root('api', { api: { needs: [needOf('db', { met: true })] } })).toBe('api');
    expect(root('api', { api: { needs: [needOf('db', { optional: true })] } })).toBe('api');
    expect(root('api', { api: { needs: [needOf('db')] }, db: { needs: [needOf('api')] } })).toBe('db');
    expect(root('api', { api: { needs: [needOf('api')] } })).toBe('api');
  });
});

it('a service is told with what the runner and the front know, its ports and the names it did not get', () => {
  const probe = { problem: 'refused', ago: 5 };
  const remains = [{ pid: 7 }];
  const answers = { dropped: 'a: b' };
  const refusedHosts = { 'api.localhost': 'blog', 'web.localhost': 'blog' };
  const services = [serviceOf('api', { answers, ports: [portOf(4_000, { targetPort: 4_100 })] })];
  expect(explain(services, 'api', { api: { probe, remains } }, { refusedHosts })).toMatchObject({
    stack: 'shop',
    root: '/work/shop',
    state: 'ready',
    probe,
    remains,
    answers,
    ports: [{ number: 4_100, free: true }],
    refusedHosts: [{ host: 'api.localhost', stack: 'blog' }],
  });
  const outside = serviceOf('api', { kind: 'external', ports: [portOf(443)] });
  expect(explain([outside], 'api').ports).toEqual([]);
  const leases = [
    { service: 'api', port: 'http', number: 5 },
    { service: 'web', port: 'http', number: 6 },
  ];
  expect(explain([], 'api', {}, { resting: true, leases }).ports.map(({ number }) => number)).toEqual([5]);
});

describe('a port', () => {
  const lease = { service: 'api', port: 'http', number: 4_000 };
  const told = (
    number: number,
    more: Parameters<typeof stackOf>[1],
    found?: PortFacts,
    services: readonly PublishedService[] = [],
  ): PortExplanation => explainPort(factsOf([stackOf(services, more)]), number, found);

  it('is leased, with its history', () => {
    const own = { service: 'api', port: 'http', stack: 'shop', root: '/work/shop' };
    expect(told(4_000, { leases: [lease] }).lease).toEqual({ ...own, running: true });
    expect(
      told(4_000, { leases: [{ ...lease, static: 4_000, generation: 3 }], resting: true }).lease,
    ).toEqual({
      ...own,
      running: false,
      generation: 3,
    });
    expect(told(4_000, { leases: [{ ...lease, static: 80, borrowed: 3_000 }] }).lease).toEqual({
      ...own,
      running: true,
      pinned: 80,
      opened: 3_000,
    });
    expect(told(3_000, { leases: [{ ...lease, borrowed: 3_000 }] }).lease).toEqual({
      ...own,
      running: true,
      given: 4_000,
    });
    expect(told(4_000, { leases: [{ ...lease, number: 1, borrowed: 4_000 }, lease] }).lease).toEqual({
      ...own,
      running: true,
    });
    expect(told(1, { leases: [lease] })).not.toHaveProperty('lease');
  });

  it('is a service’s that listens there without a lease, unless that is elsewhere', () => {
    const listening = [serviceOf('api', { ports: [portOf(1, { targetPort: 9 })] })];
    expect(told(9, {}, undefined, listening).lease).toMatchObject({ service: 'api', port: 'http' });
    const outside = [serviceOf('api', { kind: 'external', ports: [portOf(9)] })];
    expect(told(9, {}, undefined, outside)).not.toHaveProperty('lease');
  });

  it('is the front’s, is free, or is held by its own or by others', () => {
    expect(told(7_267, {}).front).toBe(true);
    expect(told(1, {})).toEqual({ number: 1, free: true, holders: [] });
    const holders = [{ pid: 7 }, { pid: 8 }, {}];
    expect(told(1, {}, { free: false, holders, own: new Set([8]) })).toEqual({
      number: 1,
      free: false,
      holders: [{ pid: 7, own: false }, { pid: 8, own: true }, { own: false }],
    });
  });
});

describe('a host', () => {
  it.each([
    ['http://API.shop.localhost:7267/x?y', 'api.shop.localhost'],
    ['api.localhost.', 'api.localhost'],
    ['api.localhost:', 'api.localhost'],
    ['https://a#b', 'a'],
  ])('is read from %s', (text, host) => {
    expect(hostOf(text)).toBe(host);
  });

  it('leads to a service, or to a stack alone, and is told to those who did not get it', () => {
    const services = [
      serviceOf('web'),
      serviceOf('api', { ports: [portOf(1, { hosts: ['api.localhost'] })] }),
    ];
    const [shop, rest] = [
      stackOf(services),
      stackOf([], {
        resting: true,
        slug: 'rest',
        hosts: ['old.localhost'],
        refusedHosts: { 'api.localhost': 'shop' },
      }),
    ];
    expect(findHost([rest, shop], 'api.localhost')).toEqual({ stack: shop, service: 'api' });
    expect(findHost([rest, shop], 'old.localhost')).toEqual({ stack: rest });
    expect(findHost([rest, shop], 'x.localhost')).toBeUndefined();
    const facts = factsOf([rest, shop]);
    expect(explainHost(facts, 'api.localhost', undefined)).toEqual({
      host: 'api.localhost',
      stack: 'shop',
      root: '/work/shop',
      running: true,
      refused: ['rest'],
    });
    expect(explainHost(facts, 'old.localhost', undefined)).toMatchObject({
      stack: 'rest',
      running: false,
      refused: [],
    });
    expect(explainHost(facts, 'ild.localhost', undefined)).toEqual({
      host: 'ild.localhost',
      running: false,
      refused: [],
      suggestion: 'old.localhost',
    });
  });
});

describe('something is wrong', () => {
  const lease = { stack: 's', root: '/', running: true, service: 'api', port: 'http' };
  const port = (more: Partial<PortExplanation>): boolean =>
    isWrong({ kind: 'port', number: 1, free: false, holders: [{ pid: 1, own: false }], lease, ...more });

  it('with a port that a stranger has, though a service that runs was given it', () => {
    expect(port({})).toBe(true);
    expect(
      port({
        holders: [
          { pid: 1, own: false },
          { pid: 2, own: true },
        ],
      }),
    ).toBe(false);
    expect(port({ holders: [] })).toBe(false);
    expect(port({ lease: { ...lease, running: false } })).toBe(false);
    expect(port({ front: true })).toBe(false);
    for (const name of ['80/tcp', '80/udp', '80/sctp'])
      expect(port({ lease: { ...lease, port: name } })).toBe(false);
    expect(isWrong({ kind: 'port', number: 1, free: true, holders: [{ pid: 1, own: false }] })).toBe(false);
  });

  it.each([
    ['failed', true],
    ['not running', true],
    ['toString', true],
    ['ready', false],
    ['starting', false],
  ])('with a service that is %s: %s', (state, wrong) => {
    const service = { ...explain([serviceOf('api')], 'api'), state };
    expect(isWrong({ kind: 'service', ...service })).toBe(wrong);
    expect(isWrong({ kind: 'host', host: 'a', stack: 's', running: true, service, refused: [] })).toBe(wrong);
  });

  it('with a host that leads nowhere, or to a stack that does not run', () => {
    expect(isWrong({ kind: 'host', host: 'a', running: false, refused: [] })).toBe(true);
    expect(isWrong({ kind: 'host', host: 'a', stack: 's', running: false, refused: [] })).toBe(true);
    expect(isWrong({ kind: 'host', host: 'a', stack: 's', running: true, refused: [] })).toBe(false);
  });
});

it.each([
  ['ls --all', 'ls --all'],
  ['compose up -V', 'compose -- up -V'],
  ['-C x compose up', '-C x compose -- up'],
  ['--dir x --json compose up', '--dir x --json compose -- up'],
  ['compose --help', 'compose --help'],
  ['compose -h', 'compose -h'],
  ['compose up --help', 'compose -- up --help'],
  ['compose', 'compose --'],
  ['logs compose', 'logs compose'],
  ['', ''],
])('the words %j are read as %j', (typed, read) => {
  expect(passThrough(typed.split(' ').filter((word) => word !== '')).join(' ')).toBe(read);
});

it('a stack whose checkout was removed is not started anywhere: every view says what forgets it', () => {
  const stack = stackOf([], { resting: true, hosts: ['api.shop.localhost'] });
  const facts: Facts = { stacks: [stack], details: new Map(), front: 80, gone: new Set([stack.root]) };
  expect(explainService(facts, stack, 'api', new Map())).toMatchObject({
    state: 'not running',
    reason: 'its checkout /work/shop was removed or moved',
    hint: 'portramp clean',
  });
  expect(explainHost(facts, 'api.shop.localhost', undefined)).toMatchObject({ running: false, gone: true });
  expect(renderStacks([stack], () => ({ isGone: true }))).toContain('its checkout was removed or moved');
  expect(renderStacks([stack], () => ({ isGone: true }))).toContain('portramp clean');
  expect(renderStacks([stack])).toContain('not running');
  expect(explainSilence('api', stack, true)).toMatch(/removed or moved: portramp clean$/);
});

it('nothing runs in a checkout that was removed, and it is said what to type', async () => {
  const said = async (root: string): Promise<string | undefined> =>
    (await notRunning({ root, environment: 'dev' })).hint;
  expect(await said('/no/such/checkout')).toBe('"portramp clean" forgets its stack');
  expect(await said('/')).toBe('start it with "portramp dev"');
});

it('a host that names a service without a route says why there is none, and that is wrong', () => {
  const grpc = portOf(20002, { name: 'rpc', appProtocol: 'grpc' });
  const facts: Facts = {
    stacks: [stackOf([serviceOf('api', { ports: [grpc] })])],
    front: 7267,
    details: new Map(),
  };
  const explained = explainHost(facts, 'api.shop.localhost', undefined);
  expect(explained).toMatchObject({
    stack: 'shop',
    running: true,
    unrouted: { service: 'api', port: 'rpc' },
  });
  expect(isWrong({ kind: 'host', ...explained })).toBe(true);
  expect(renderExplanation({ kind: 'host', ...explained })).toContain(
    'no route leads there: api of shop speaks grpc on its port rpc',
  );
  expect(explainHost(facts, 'http.api.shop.localhost', undefined)).not.toHaveProperty('unrouted');
});

describe('a service with several instances', () => {
  const failure = { message: 'exited with code 1', exitCode: 1, log: ['boom'] };
  const rep = (...instances: Partial<PublishedInstance>[]): PublishedService =>
    serviceOf('rep', {
      instances: instances.map((more, slot) => ({
        slot,
        state: 'ready',
        role: 'serving',
        ports: {},
        ...more,
      })),
    });

  it('is told with each of them, and is wrong where one that serves is not up', () => {
    const short = explain(
      [rep({ pid: 7 }, { state: 'backoff', failure }, { state: 'failed', failure })],
      'rep',
    );
    const text = stripVTControlCharacters(renderExplanation({ kind: 'service', ...short }));
    expect(text).toContain('replica 0 is ready (pid 7)');
    expect(text).toContain('replica 1 is restarting: exited with code 1 — portramp logs rep');
    expect(text).toContain('replica 2 is failed: exited with code 1 — portramp logs rep');
    expect(isWrong({ kind: 'service', ...short })).toBe(true);
  });

  it('is well while one is to follow another', () => {
    const handed = explain([rep({}, { state: 'warming', role: 'challenger' })], 'rep');
    const text = stripVTControlCharacters(renderExplanation({ kind: 'service', ...handed }));
    expect(text).toContain('instance 1 is starting, which is to take over');
    expect(isWrong({ kind: 'service', ...handed })).toBe(false);
    expect(explain([rep({})], 'rep')).not.toHaveProperty('instances');
  });

  it('has the number that clients dial before those where its instances listen', () => {
    const lease = (port: string, number: number) => ({ service: 'ho', port, number });
    const ho = (...ports: number[]): PublishedService =>
      serviceOf('ho', {
        ports: [portOf(20_001, { targetPort: 20_002, leases: ['http@0', 'http@1'] })],
        instances: ports.map((http, slot) => ({ slot, state: 'ready', role: 'serving', ports: { http } })),
      });
    const leases = [lease('http', 20_001), lease('http@0', 20_002), lease('http@1', 20_003)];
    const told = (service: PublishedService) => explain([service], 'ho', {}, { leases }).ports;
    expect(told(ho(20_003))).toMatchObject([
      { number: 20_001, ramp: true, lease: { port: 'http' } },
      { number: 20_003, lease: { port: 'http@1' } },
    ]);
    // As it is with `start: request` before the first one.
    expect(told(ho()).map(({ number }) => number)).toEqual([20_001]);
    const text = renderExplanation({ kind: 'service', ...explain([ho(20_003)], 'ho', {}, { leases }) });
    expect(text).toContain('its ramp, which clients dial: portramp listens there for ho');
  });
});
