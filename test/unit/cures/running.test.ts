/** Does what is said of a service that runs and is not as it should be, and sees that nothing is said any more. */
import { spawnSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';

import type { ResolvedService } from '../../../src/plan/plan.ts';
import { instancesOf } from '../../../src/daemon/instances.ts';
import type { Session } from '../../../src/daemon/sessions.ts';
import type { Finding } from '../../../src/protocol/messages.ts';
import { judgeFinding } from '../../../src/stack/findings.ts';
import {
  assess,
  LATE,
  SILENCE,
  type Aside,
  type ElsewhereFacts,
} from '../../../src/stack/readiness/assess.ts';
import { chooseNumber } from '../../../src/stack/readiness/following.ts';
import { primaryOf, requiredPort } from '../../../src/stack/readiness/own-ports.ts';
import { describeDeadline, foundBy } from '../../../src/stack/readiness/words.ts';
import { rulesFor, sizeOf } from '../../../src/stack/rules.ts';
import { step, type Cause, type End } from '../../../src/stack/service.ts';
import { publishService } from '../../../src/stack/snapshot.ts';
import { hintsOf } from './catalogue.ts';
import { ELSEWHERE } from './elsewhere.ts';
import { LEFT } from './left.ts';
import { resolutionOf } from '../plan/stack.ts';

/** What the service does, and what is said of it; undefined: nothing. */
type Play = (service: ResolvedService) => Pick<Cause, 'message' | 'hint'> | undefined;

const NOW = LATE + 1;
const RUNNING = { state: 'warming', attempt: 1, pid: 7 } as const;

/** It never opens its port. */
const silent: Play = (service) => listens(service, undefined);

/** It opens these numbers, and not its own. */
const opens =
  (numbers: readonly number[], more: Partial<ElsewhereFacts> = {}): Play =>
  (service) =>
    listens(service, { numbers, since: 0, leases: [], ...more });

/** It opens this number, on which no page is answered so far: its own, where the contract says so. */
const opensAside =
  (number: number, answer: Aside['answer']): Play =>
  (service) =>
    service.service.ports.some((port) => port.static === number)
      ? undefined
      : listens(service, undefined, [{ number, answer, isOthers: false }]);

function listens(
  service: ResolvedService,
  elsewhere: ElsewhereFacts | undefined,
  asides: readonly Aside[] = [],
): ReturnType<Play> {
  if (service.service.kind !== 'process') return undefined;
  const primary = primaryOf(service.ports);
  const port = requiredPort(service.service.ready, service.ports);
  const facts = port && { number: port.targetPort, listens: false, since: 0, listened: false };
  const { verdict } = assess(
    {
      begun: 0,
      probe: { state: 'none' },
      port: port && facts && { ...facts, name: port.name, implicit: port.implicit },
      elsewhere,
      asides,
      patience: SILENCE,
    },
    NOW,
  );
  const seen = { has: () => false, elsewhere };
  if (primary !== undefined && chooseNumber(primary, primary.follow, seen) !== undefined) return undefined;
  return verdict.kind === 'silent' || verdict.kind === 'misplaced' ? foundBy(verdict, service) : undefined;
}

/** Its process, or the last of its attempts, ends so. */
const ends =
  (end: End): Play =>
  (service) => {
    const { policy } = rulesFor(service, false);
    const [next] = step(RUNNING, { type: 'exited', end, now: NOW }, policy);
    return next.state === 'failed' ? next.cause : undefined;
  };

/** A shell runs its command. */
const runs: Play = (service) => {
  const { command } = service.service.kind === 'process' ? service.service : {};
  const { status } = spawnSync('sh', ['-c', String(command)], { stdio: 'ignore' });
  const cause = ends({ exitCode: status ?? 1 })(service);
  return cause?.hint === undefined ? undefined : cause;
};

/** Something else of it, which cannot be told from a stranger, listens on its port. */
const isFound =
  (finding: Partial<Extract<Finding, { kind: 'ghost' }>> | { readonly kind: 'unknown' }): Play =>
  (service) => {
    const port = primaryOf(service.ports);
    // The daemon looks at what is published of it only.
    const [instance] = instancesOf(publishedBy(service), () => 'api of shop');
    if (port === undefined || !instance?.claim.ports.some(({ name }) => name === port.name)) return undefined;
    const place = { marker: instance.marker, port: port.name, number: port.targetPort };
    const whole =
      finding.kind === 'unknown'
        ? { ...place, kind: 'unknown' as const, address: '0.0.0.0' }
        : { ...place, kind: 'ghost' as const, holder: { pid: 8, address: '::1' }, later: true, ...finding };
    const consequence = judgeFinding(service, whole);
    return consequence?.kind === 'ghost' ? consequence.cause : undefined;
  };

function publishedBy(resolved: ResolvedService): Session {
  const instance = { pid: 7, startTime: '1', marker: 'run.api.1' };
  const state = { state: 'ready', attempt: 1, pid: 7, since: 0 } as const;
  const service = publishService({
    resolved,
    state,
    instance,
    restarts: 0,
    waitingFor: [],
    log: [],
    armed: false,
    targets: [],
    instances: [],
    revision: { asked: 1, serving: 1 },
  });
  return {
    key: { root: '/shop', environment: 'dev' },
    snapshot: { services: [service] },
  } as unknown as Session;
}

/** It needs this many milliseconds to get ready. */
const needs =
  (ms: number): Play =>
  ({ service }) => {
    const timeout = service.kind === 'process' ? service.ready.timeout : undefined;
    if (timeout === undefined || timeout >= ms) return undefined;
    return describeDeadline({ after: timeout, problem: 'connection refused' }, 'api');
  };

/** What a person types for a hint: where in the contract of the service, and what. */
const TYPED: readonly (readonly [
  hint: RegExp,
  type: (words: readonly string[]) => readonly [string[], unknown],
])[] = [
  [
    /add "ports: \{ (\w+): \{ static: (\d+)(, appProtocol: tcp)? \} \}" to services\.api/,
    ([port = '', number, tcp]) => [
      ['ports', port],
      { static: Number(number), ...(tcp === undefined ? {} : { appProtocol: 'tcp' }) },
    ],
  ],
  [/write "(ports): false"/, ([key = '']) => [[key], false]],
  [/if it is meant to end, write "(kind): (task)"/, ([key = '', kind]) => [[key], kind]],
  [/a (command) was not found: is it installed, and spelled right/, ([key = '']) => [[key], 'true']],
  [/raise (ready)\.(timeout)/, ([ready = '', timeout = '']) => [[ready, timeout], '60s']],
  [
    /add "ports: \{ (\w+): \{ (\w+): (\w+) \} \}" to services\.api/,
    ([port = '', key = '', value]) => [['ports', port, key], valueOf(value)],
  ],
  [
    /(?:add|write) "(\w+): (\w+)" (?:to|in place of "\w+: \w+" in) services\.api\.ports\.(\w+)/,
    ([key = '', value, port = '']) => [['ports', port, key], valueOf(value)],
  ],
];

/** The second of two ways that a hint offers. */
const OTHER: readonly (typeof TYPED)[number][] = [
  [
    /if it is to come back, "(restart): \{ (policy): (always) \}"/,
    ([key = '', policy = '', value]) => [[key, policy], value],
  ],
];

const valueOf = (word: string | undefined): unknown => (word === 'true' ? true : word);

function cure(fields: string, hint: string, typed = TYPED): string {
  const [pattern, type] = typed.find(([one]) => one.test(hint)) ?? [];
  if (pattern === undefined || type === undefined) throw new Error(`nobody types: ${hint}`);
  const [path, value] = type(pattern.exec(hint)?.slice(1) ?? []);
  const document = parseDocument(contractOf(fields));
  document.setIn(['services', 'api', ...path], value);
  return document.toString();
}

const contractOf = (fields: string): string => `services:\n  api: { command: no-such-program${fields} }\n`;

function serviceIn(contract: string): ResolvedService {
  const { services } = resolutionOf(contract);
  const service = services.get('api');
  if (service === undefined) throw new Error('there is no api');
  expect(sizeOf(service)).toBeGreaterThan(0);
  return service;
}

const ROWS: [name: string, fields: string, play: Play, typed: typeof TYPED | undefined][] = [
  ['opens no port', '', silent, undefined],
  ['opens no port that its contract promises', ', ports: { http: {} }', silent, undefined],
  [
    'opens another port than its pinned one',
    ', ports: { http: { static: 20000 } }',
    opens([3000]),
    undefined,
  ],
  [
    'opens another port than its pinned one, without a name',
    ', replicas: 1, ports: { web: { static: 20000 } }',
    opens([3000]),
    undefined,
  ],
  [
    'opens another port, and is not to be followed',
    ', ports: { http: { follow: false } }',
    opens([3000]),
    undefined,
  ],
  [
    'opens one port while two are silent',
    ', ports: { http: {}, admin: {} }',
    opens([3000], {
      silent: [
        { name: 'http', number: 20_200 },
        { name: 'admin', number: 20_201 },
      ],
    }),
    undefined,
  ],
  ['opens several ports', '', opens([3000, 3001]), undefined],
  ['opens another port without a word of HTTP', '', opensAside(20_946, 'no-http'), undefined],
  ['opens another port for a WebSocket alone', '', opensAside(20_946, 'no-page'), undefined],
  ['opens another port, and has not answered there', '', opensAside(20_946, { seconds: 10 }), undefined],
  ['ends at once', '', ends({ exitCode: 0 }), undefined],
  ['ends, and leaves something behind', '', ends({ exitCode: 0, left: true }), undefined],
  ['ends at once, and shall come back', '', ends({ exitCode: 0 }), OTHER],
  ['has a command that nobody finds', ', ports: false, restart: { policy: no }', runs, undefined],
  ['needs longer than it may', ', ready: { http: /, timeout: 5s }', needs(30_000), undefined],
  ['detaches without a trace', '', isFound({}), undefined],
  ['detaches without a trace, with a port of a name', ', ports: { web: {} }', isFound({}), undefined],
  ['runs as another user', ', ports: { web: {} }', isFound({ kind: 'unknown' }), undefined],
];

const seen = new Set<string>();

describe('what is said of a service that runs, typed, cures', () => {
  it.each(ROWS)('one that %s', (_name, fields, play, typed) => {
    const found = play(serviceIn(contractOf(fields)));
    expect(found?.hint).toBeDefined();
    const hint = found?.hint ?? '';
    seen.add(hint);
    const cured = cure(fields, hint, typed);
    expect({ hint, cured, left: play(serviceIn(cured)) }).toEqual({ hint, cured, left: undefined });
  });
});

describe('the hints about what a service does', () => {
  it('are typed here, or elsewhere by name', () => {
    const missing = hintsOf(['stack'], true)
      .filter(({ pattern }) => ![...seen].some((hint) => pattern.test(hint)))
      .map(({ file, text }) => `${file}: ${text}`);
    expect(missing.filter((hint) => !Object.hasOwn(ELSEWHERE, hint) && !Object.hasOwn(LEFT, hint))).toEqual(
      [],
    );
  });
});
