import { beforeEach, describe, expect, it } from 'vitest';

import { frontStacks } from '../../../src/daemon/routes.ts';
import type { Inspected, Inspection } from '../../../src/daemon/inspection.ts';
import { createSessions, type Session, type Sessions } from '../../../src/daemon/sessions.ts';
import {
  createVerification,
  EAGER,
  pauseAfter,
  RELAXED,
  type Verification,
} from '../../../src/daemon/verification.ts';
import type { Claim, Finding, Sighting } from '../../../src/ports/findings.ts';
import { emptyLedger, putStack } from '../../../src/ports/ledger.ts';
import type { PublishedPort, ServiceStateName } from '../../../src/protocol/messages.ts';
import type { Peer } from '../../../src/protocol/peer.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';

const key = { root: '/shop', environment: 'dev' };
const ledger = putStack(emptyLedger, {
  ...key,
  workspace: 'shop',
  workspaceId: 'id',
  main: true,
  slug: 'shop',
  index: 0,
  firstSeen: '',
});

/** Passes that end when the test says so. */
interface Passes extends Inspection {
  readonly begun: {
    readonly claims: readonly Claim[];
    readonly routine: boolean;
    end(inspected?: Partial<Inspected>): Promise<void>;
    /** Ends it without having seen anything. */
    fail(problem: string): Promise<void>;
  }[];
  resting: number;
}

function createPasses(): Passes {
  const passes: Passes = {
    begun: [],
    resting: 0,
    inspect: (claims, { routine }) =>
      new Promise((resolve, reject) => {
        passes.begun.push({
          fail: async (problem) => {
            reject(new Error(problem));
            await settled();
          },
          claims,
          routine,
          end: async (inspected = {}) => {
            resolve({ findings: [], sightings: [], cost: 1, ...inspected });
            await settled();
          },
        });
      }),
    rest: () => {
      passes.resting += 1;
    },
  };
  return passes;
}

/** Lets promises that are due run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let clock: ManualClock;
let passes: Passes;
let sessions: Sessions;
let session: Session;
let verification: Verification;
let told: Finding[];
let seen: Sighting[];
let log: string[];
let changes: number;

beforeEach(() => {
  clock = createManualClock();
  passes = createPasses();
  // On a clock of their own: nobody is pinged here.
  sessions = createSessions({ clock: createManualClock(), onChange: () => undefined });
  session = sessions.attach(key, 1, { peer: {} as Peer, lastHeard: 0 });
  told = [];
  seen = [];
  log = [];
  changes = 0;
  verification = createVerification({
    inspection: passes,
    clock,
    sessions: () => sessions.all(),
    labelOf: (_key, service) => `${service} of shop`,
    onChange: () => (changes += 1),
    onFindings: (_session, findings) => told.push(...findings),
    leaseOf: (number) => (number === 20_002 ? 'web of other' : undefined),
    onSightings: (_session, sightings) => seen.push(...sightings),
    log: (line) => log.push(line),
  });
});

function be(state: ServiceStateName, generation = 1, port: Partial<PublishedPort> = {}): void {
  const route = {
    state: 'live' as const,
    targets: [{ protocol: 'http' as const, host: '127.0.0.1', port: 20_001 }],
  };
  session.snapshot = {
    services: [
      {
        name: 'api',
        kind: 'process',
        state,
        restarts: 0,
        pid: 100 + generation,
        instance: { startTime: '5', marker: `run.api.${generation}` },
        ports: [{ name: 'http', appProtocol: 'http', port: 20_001, targetPort: 20_001, hosts: [], ...port }],
      },
    ],
    routes: [{ host: 'api.shop.localhost', service: 'api', port: 'http', route }],
  };
}

const routed = (): string | undefined =>
  frontStacks(sessions, ledger, (marker) => verification.standingOf(marker))[0]?.routes[0]?.route.state;

const ghost = (generation = 1): Finding => ({
  kind: 'ghost',
  marker: `run.api.${generation}`,
  port: 'http',
  number: 20_001,
  holder: { pid: 7, address: '::1' },
  later: false,
});

const elsewhere = (...opened: number[]): Finding => ({
  kind: 'elsewhere',
  marker: 'run.api.1',
  port: 'http',
  number: 20_001,
  opened: opened.map((number) => ({ number, address: '127.0.0.1', pid: 101 })),
});

describe('an instance that became ready', () => {
  it('is looked at before its first request is routed', async () => {
    be('ready');
    expect(routed()).toBe('warming');
    let isSettled = false;
    void verification.settle(key).then(() => (isSettled = true));
    await settled();
    expect(isSettled).toBe(false);
    expect(passes.begun[0]?.claims).toEqual([
      {
        instance: { pid: 101, startTime: '5', marker: 'run.api.1' },
        label: 'api of shop',
        ports: [{ name: 'http', number: 20_001 }],
      },
    ]);
    await passes.begun[0]?.end();
    expect([isSettled, routed(), changes]).toEqual([true, 'live', 1]);
  });

  it('is looked at again when the pass under way began before it was there', async () => {
    be('warming');
    void verification.settle(key);
    await settled();
    be('ready', 2);
    const done = verification.settle(key);
    await passes.begun[0]?.end();
    expect(passes.begun).toHaveLength(2);
    expect(passes.begun[1]?.claims[0]?.instance.marker).toBe('run.api.2');
    await passes.begun[1]?.end();
    await done;
    expect(routed()).toBe('live');
  });

  it('is not waited for longer than three seconds, nor trusted', async () => {
    be('ready');
    const done = verification.settle(key);
    await clock.advance(3_000);
    await done;
    expect(routed()).toBe('warming');
  });

  it('is routed when the pass fails: nothing was found against it', async () => {
    passes.inspect = () => Promise.reject(new Error('no'));
    be('ready');
    await verification.settle(key);
    expect(routed()).toBe('live');
  });

  it('is not looked at when its listener is external', async () => {
    be('ready', 1, { listener: 'external' });
    await verification.settle(key);
    expect([passes.begun.length, routed()]).toEqual([0, 'live']);
  });
});

describe('a ghost', () => {
  it('ends the routes in the same moment, is told once, and never forgiven', async () => {
    be('ready');
    void verification.settle(key);
    await settled();
    await passes.begun[0]?.end();
    await clock.advance(RELAXED);
    await passes.begun[1]?.end({ findings: [ghost()] });
    expect([routed(), told]).toEqual(['failed', [ghost()]]);
    await clock.advance(RELAXED);
    await passes.begun[2]?.end({ findings: [ghost()] });
    await clock.advance(RELAXED);
    await passes.begun[3]?.end();
    expect([routed(), told.length]).toEqual(['failed', 1]);
  });

  it('on a number that the instance is not looked for on any more is no reason against it', async () => {
    be('ready');
    const done = verification.settle(key);
    await passes.begun[0]?.end({ findings: [ghost()] });
    await done;
    expect(routed()).toBe('failed');
    be('ready', 1, { targetPort: 20_005 });
    await clock.advance(RELAXED);
    await passes.begun[1]?.end();
    expect([passes.begun[1]?.claims[0]?.ports, routed()]).toEqual([
      [{ name: 'http', number: 20_005 }],
      'live',
    ]);
  });

  it('is the end of that instance, not of the next', async () => {
    be('ready');
    const done = verification.settle(key);
    await passes.begun[0]?.end({ findings: [ghost()] });
    await done;
    be('ready', 2);
    expect(routed()).toBe('warming');
    const next = verification.settle(key);
    await passes.begun[1]?.end();
    await next;
    expect(routed()).toBe('live');
  });
});

describe('a service that opened another port', () => {
  /** Passes at EAGER intervals; how many until something was told, after those before. */
  async function passUntilTold(first: number, finding: Finding): Promise<number> {
    const before = told.length;
    for (let pass = first; pass < first + 100; pass += 1) {
      if (pass > 0) await clock.advance(EAGER);
      await passes.begun[pass]?.end({ findings: [finding] });
      if (told.length > before) return pass - first;
    }
    return Infinity;
  }

  it.each([
    ['five seconds: a debugger may come first', {}, 5_000],
    ['one second where it is followed', { follow: true }, 1_000],
  ])('is told so when it is still so after %s, and again for other ports', async (_, port, patience) => {
    be('warming', 1, port);
    void verification.settle(key);
    await settled();
    expect(await passUntilTold(0, elsewhere(3000))).toBe(Math.ceil(patience / EAGER));
    expect(told).toEqual([elsewhere(3000)]);
    const next = passes.begun.length;
    await clock.advance(EAGER);
    await passes.begun[next]?.end({ findings: [elsewhere(3000)] });
    expect(told).toHaveLength(1);
    expect(await passUntilTold(next + 1, elsewhere(3000, 3001))).toBe(Math.ceil(patience / EAGER));
    expect(told).toEqual([elsewhere(3000), elsewhere(3000, 3001)]);
  });

  it('is told nothing when it opened its own a moment later', async () => {
    be('warming');
    void verification.settle(key);
    await passes.begun[0]?.end({ findings: [elsewhere(3000)] });
    await clock.advance(EAGER);
    await passes.begun[1]?.end();
    await clock.advance(10_000);
    await passes.begun[2]?.end();
    expect(told).toEqual([]);
  });
});

describe('the passes', () => {
  it('take less than a hundredth of a core, however much one costs', () => {
    for (const cost of [0, 1, 5, 30, 140, 1_000]) {
      expect(cost / (cost + pauseAfter(cost, false))).toBeLessThan(0.01);
    }
    expect(pauseAfter(1, false)).toBe(RELAXED);
  });

  it('come soon enough while an instance is young that no start is judged without a look, whatever one costs', () => {
    for (const cost of [0, 1, 5, 30, 140, 1_000]) {
      expect(pauseAfter(cost, true)).toBeGreaterThanOrEqual(EAGER);
      expect(pauseAfter(cost, true)).toBeLessThanOrEqual(2_000);
    }
  });

  it('are routine when their time has come and nothing is new', async () => {
    be('ready');
    void verification.settle(key);
    await passes.begun[0]?.end();
    await clock.advance(EAGER);
    // It is young.
    expect(passes.begun.map(({ routine }) => routine)).toEqual([false, false]);
    await passes.begun[1]?.end();
    for (let next = 2; passes.begun.at(-1)?.routine === false && next < 100; next += 1) {
      await clock.advance(RELAXED);
      await passes.begun[next]?.end();
    }
    expect(passes.begun.at(-1)?.routine).toBe(true);
    // Another generation: whoever asks for it waits.
    be('ready', 2);
    void verification.settle(key);
    await settled();
    expect(passes.begun.at(-1)?.routine).toBe(false);
    await passes.begun.at(-1)?.end();
  });

  it('serve every stack at once, and end with the last instance', async () => {
    be('ready');
    const done = verification.settle(key);
    await passes.begun[0]?.end();
    await done;
    session.snapshot = { services: [], routes: [] };
    await clock.advance(RELAXED);
    await settled();
    expect(passes.begun).toHaveLength(1);
    await clock.advance(30_000);
    expect(passes.resting).toBe(1);
    expect(clock.waiting).toBe(0);
  });
});

describe('a pass that cannot look', () => {
  /** Lets the instance become old and proved, so that passes are routine ones. */
  const growOld = async (): Promise<void> => {
    be('ready');
    void verification.settle(key);
    await settled();
    for (let age = 0; age < 20_000 + RELAXED; age += EAGER) {
      await passes.begun.at(-1)?.end();
      await clock.advance(EAGER);
    }
    await passes.begun.at(-1)?.end();
    await clock.advance(RELAXED);
    expect(passes.begun.at(-1)?.routine).toBe(true);
  };

  it('is said once, and the next one looks at everything', async () => {
    await growOld();
    await passes.begun.at(-1)?.fail('EMFILE: too many open files');
    await clock.advance(RELAXED);
    expect(passes.begun.at(-1)?.routine).toBe(false);
    await passes.begun.at(-1)?.fail('EMFILE: too many open files');
    await clock.advance(RELAXED);
    expect(log).toEqual(['EMFILE: too many open files']);
    await passes.begun.at(-1)?.end();
    await clock.advance(RELAXED);
    expect([passes.begun.at(-1)?.routine, routed()]).toEqual([true, 'live']);
  });

  it('neither condemns nor forgives', async () => {
    await growOld();
    await passes.begun.at(-1)?.end({ findings: [ghost()] });
    expect([routed(), told.length]).toEqual(['failed', 1]);
    await clock.advance(RELAXED);
    await passes.begun.at(-1)?.fail('EMFILE');
    expect([routed(), told.length]).toEqual(['failed', 1]);
  });

  it('does not make what was seen before it younger', async () => {
    be('ready');
    void verification.settle(key);
    await settled();
    await passes.begun.at(-1)?.end({ findings: [elsewhere(3_000)] });
    for (let waited = 0; waited < 4_800; waited += EAGER) {
      await clock.advance(EAGER);
      await passes.begun.at(-1)?.fail('EMFILE');
    }
    expect(told).toEqual([]);
    await clock.advance(EAGER);
    await passes.begun.at(-1)?.end({ findings: [elsewhere(3_000)] });
    expect(told).toEqual([elsewhere(3_000)]);
  });
});
