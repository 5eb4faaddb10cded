/** Who may pass a ramp, and what a ramp does in which state of its service. */
import { setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';

import type { ResolvedService } from '../../../src/plan/plan.ts';
import { createTraffic, type Traffic } from '../../../src/proxy/traffic.ts';
import { createGate, type Entry, type Gate } from '../../../src/stack/ramp/gate.ts';
import { stateFor } from '../../../src/stack/ramp/ramps.ts';
import type { RampState } from '../../../src/stack/ramp/ramp.ts';
import type { ServiceState } from '../../../src/stack/service.ts';
import { createManualClock, type ManualClock } from '../manual-clock.ts';
import { STATES } from './examples.ts';

const FIRST = { host: '127.0.0.1', port: 4_000 };
const SECOND = { host: '127.0.0.1', port: 4_001 };
const STAYS = new AbortController().signal;
setMaxListeners(0, STAYS);

interface Scene {
  readonly clock: ManualClock;
  readonly traffic: Traffic;
  readonly gate: Gate;
  /** How often somebody was said to wait. */
  readonly asked: () => number;
}

function openGate(limits?: { waiting?: number; wait?: number }): Scene {
  const clock = createManualClock();
  const traffic = createTraffic(clock);
  let asked = 0;
  const gate = createGate({ clock, traffic, onWait: () => (asked += 1), ...(limits && { limits }) });
  return { clock, traffic, gate, asked: () => asked };
}

const kindOf = async (entry: Entry | Promise<Entry>): Promise<Entry['kind']> => (await entry).kind;

describe('the gate of a ramp', () => {
  it('is closed where nobody is coming, and lets pass at once where somebody is there', () => {
    const { gate, asked } = openGate();
    expect(gate.enter('exchange', STAYS)).toEqual({ kind: 'closed' });
    gate.set({ targets: [FIRST], holds: true });
    expect(gate.enter('exchange', STAYS)).toMatchObject({ kind: 'passage', target: FIRST });
    expect(gate.enter('exchange', AbortSignal.abort())).toEqual({ kind: 'gone' });
    expect(asked()).toBe(0);
  });

  it('holds until an instance is there, and says that somebody waits each time that there is none yet', async () => {
    const { gate, asked } = openGate();
    gate.set({ targets: [], holds: true });
    const entry = gate.enter('exchange', STAYS);
    expect([gate.holding, asked()]).toEqual([1, 1]);
    gate.set({ targets: [], holds: true });
    await new Promise((resolve) => setImmediate(resolve));
    expect([gate.holding, asked()]).toEqual([1, 2]);
    gate.set({ targets: [FIRST], holds: true });
    expect(await entry).toMatchObject({ kind: 'passage', target: FIRST });
    expect(gate.holding).toBe(0);
  });

  it('lets those go who wait for an instance that is not coming any more', async () => {
    const { gate } = openGate();
    gate.set({ targets: [], holds: true });
    const entry = gate.enter('exchange', STAYS);
    gate.set({ targets: [], holds: false });
    expect(await kindOf(entry)).toBe('closed');
  });

  it('holds a thousand for half a minute, unless it is told otherwise', async () => {
    const { gate, clock } = openGate();
    gate.set({ targets: [], holds: true });
    const entries = Array.from({ length: 1_001 }, () => kindOf(gate.enter('exchange', STAYS)));
    expect(await entries.at(-1)).toBe('full');
    await clock.advance(29_999);
    expect(gate.holding).toBe(1_000);
    await clock.advance(1);
    expect(new Set(await Promise.all(entries.slice(0, -1)))).toEqual(new Set(['late']));
    const small = openGate({ waiting: 1, wait: 10 });
    small.gate.set({ targets: [], holds: true });
    const [only, other] = [1, 2].map(() => kindOf(small.gate.enter('exchange', STAYS)));
    expect(await other).toBe('full');
    await small.clock.advance(10);
    expect(await only).toBe('late');
    expect(small.clock.waiting).toBe(0);
  });

  it('counts the whole wait, however often something changed meanwhile', async () => {
    const { gate, clock } = openGate({ wait: 100 });
    gate.set({ targets: [], holds: true });
    const entry = kindOf(gate.enter('exchange', STAYS));
    await clock.advance(60);
    gate.set({ targets: [], holds: true });
    await clock.advance(40);
    expect(await entry).toBe('late');
  });

  it('sends whom an instance refused to another one at once, and after a pause to the only one', async () => {
    const { gate, clock, traffic } = openGate();
    gate.set({ targets: [FIRST, SECOND], holds: true });
    expect(await gate.reenter(FIRST, 'exchange', STAYS)).toMatchObject({ target: SECOND });
    expect(clock.waiting).toBe(0);
    gate.set({ targets: [FIRST], holds: true });
    let again: Entry | undefined;
    void gate.reenter(FIRST, 'exchange', STAYS).then((entry) => (again = entry));
    await clock.advance(99);
    expect(again).toBeUndefined();
    await clock.advance(1);
    expect(again).toMatchObject({ kind: 'passage', target: FIRST });
    expect(traffic.isRefusing(FIRST)).toBe(true);
    // What is known next is waited for no longer than that.
    void gate.reenter(FIRST, 'exchange', STAYS).then((entry) => (again = entry));
    gate.set({ targets: [], holds: false });
    await clock.advance(0);
    expect(again).toEqual({ kind: 'closed' });
  });
});

describe('a ramp', () => {
  const closed = { targets: [], holds: false, listens: false };
  const held = { targets: [], holds: true, listens: true };
  const [idle, waiting, starting, backoff, failed] = [
    STATES.idle[0],
    STATES.waiting[0],
    STATES.starting[0],
    STATES.backoff[0],
    STATES.failed[0],
  ];
  const [stops, restarts] = STATES.stopping;

  const stateOf = (unit: Partial<Parameters<typeof stateFor>[0]>, port = 'http'): RampState =>
    stateFor({ targets: [], state: STATES.idle[0] ?? fail(), armed: false, wasReady: false, ...unit }, port);

  it.each<[string, ServiceState | undefined, { wasReady?: true; armed?: true }, RampState]>([
    ['starts for the first time', starting, {}, closed],
    ['is there anew, after it was ready', starting, { wasReady: true }, held],
    ['waits for its needs, after it was ready', waiting, { wasReady: true }, held],
    ['pauses before another attempt, after it was ready', backoff, { wasReady: true }, held],
    ['stops, to start again', restarts, { wasReady: true }, held],
    ['stops', stops, { wasReady: true }, closed],
    ['has failed', failed, { wasReady: true }, closed],
    ['is stopped', idle, { wasReady: true }, closed],
    ['sleeps', idle, { armed: true }, held],
    ['has failed, and would start on request', failed, { armed: true, wasReady: true }, closed],
  ])('of a service that %s', (_, state = fail(), more, expected) => {
    expect(stateOf({ state, ...more })).toEqual(expected);
  });

  it('leads to the instances that have its port', () => {
    const ports = [
      { name: 'other', host: '127.0.0.1', targetPort: 5_000 },
      { name: 'http', ...FIRST, targetPort: FIRST.port, port: 1 },
    ];
    const targets = [ports, []].map((own, slot) => ({
      slot,
      service: { ports: own } as unknown as ResolvedService,
    }));
    expect(stateOf({ targets })).toEqual({ targets: [FIRST], holds: true, listens: true });
    expect(stateOf({ targets }, 'none')).toEqual(closed);
  });
});

function fail(): never {
  throw new Error('no such state among the examples');
}
