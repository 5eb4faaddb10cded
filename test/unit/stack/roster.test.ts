/** Replicas and how revisions follow each other: the three ways by example, then properties of every sequence. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  emptyRoster,
  hasProcess,
  isChanging,
  stateOf,
  targetsOf,
  type Replica,
  type Roster,
  type RosterEvent,
  type RosterRules,
} from '../../../src/stack/roster/roster.ts';
import { stepRoster } from '../../../src/stack/roster/step.ts';
import type { ServiceEvent, ServiceState } from '../../../src/stack/service.ts';
import { EVENTS } from './examples.ts';

const RULES: RosterRules = {
  policy: { restart: 'on-failure', max: 5, mayEnd: false },
  strategy: 'replace',
  onUnready: 'rollback',
  slots: 1,
};

describe('the state of a service as a whole', () => {
  const READY: ServiceState = { state: 'ready', attempt: 1, pid: 7, since: 0 };
  const WARMING: ServiceState = { state: 'warming', attempt: 1, pid: 8 };
  const FAILED: ServiceState = { state: 'failed', cause: { message: 'x' } };
  const of = (...lives: (readonly [Replica['role'], ServiceState])[]): string =>
    stateOf({
      ...emptyRoster,
      replicas: lives.map(([role, life], slot) => ({ slot, revision: 1, role, life })),
    }).state;

  it('is the best of those that serve, in whatever order they come', () => {
    expect(of(['serving', FAILED], ['serving', READY], ['serving', WARMING])).toBe('ready');
    expect(of(['serving', WARMING], ['serving', FAILED])).toBe('warming');
    expect(of(['serving', FAILED], ['serving', WARMING])).toBe('warming');
    expect(of(['serving', FAILED], ['challenger', READY], ['retiring', READY])).toBe('failed');
  });

  it('is that of the others where none serves', () => {
    expect(of(['challenger', WARMING])).toBe('warming');
    expect(of(['retiring', FAILED], ['challenger', WARMING])).toBe('warming');
    expect(of()).toBe('idle');
  });
});

/** What a real shell would have in the slot. */
interface Slot {
  spawning: boolean;
  process: boolean;
  probing: boolean;
  timer: boolean;
}

/** Plays the shell: keeps what the effects ask for, and checks after every event what must always hold. */
class Stage {
  roster: Roster = emptyRoster;
  readonly rules: RosterRules;
  readonly slots = new Map<number, Slot>();
  readonly told: string[] = [];

  constructor(rules: Partial<RosterRules> = {}) {
    this.rules = { ...RULES, ...rules };
  }

  send(event: RosterEvent): this {
    const [next, effects] = stepRoster(this.roster, event, this.rules);
    this.roster = next;
    for (const effect of effects) {
      if (effect.type === 'replica') this.#perform(effect.slot, effect.effect.type);
      else if (effect.type === 'forget') {
        expect(this.slots.get(effect.slot) ?? {}).not.toMatchObject({ process: true });
        this.slots.delete(effect.slot);
      } else this.told.push(effect.type);
    }
    this.check();
    return this;
  }

  replica(slot: number, event: ServiceEvent): this {
    const state = this.slots.get(slot);
    if (state !== undefined) {
      if (['spawned', 'spawn-failed', 'skipped'].includes(event.type)) {
        state.spawning = false;
        state.process = event.type === 'spawned';
      }
      if (event.type === 'exited') state.process = false;
      if (event.type === 'retry') state.timer = false;
    }
    return this.send({ type: 'replica', slot, event });
  }

  /** From the start to ready. */
  up(slot: number): this {
    this.send({ type: 'replicas', event: { type: 'needs-met' } });
    return this.replica(slot, { type: 'spawned', pid: 100 + slot }).replica(slot, { type: 'ready', now: 0 });
  }

  gone(slot: number): this {
    return this.replica(slot, { type: 'exited', end: { exitCode: 0 }, now: 0 });
  }

  /** `0:serving:ready:1` for each replica. */
  get view(): string[] {
    return this.roster.replicas.map(
      ({ slot, role, life, revision }) => `${slot}:${role}:${life.state}:${revision}`,
    );
  }

  get targets(): number[] {
    return targetsOf(this.roster).map(({ slot }) => slot);
  }

  check(): void {
    const { replicas } = this.roster;
    expect(new Set(replicas.map(({ slot }) => slot)).size).toBe(replicas.length);
    expect(replicas.every(({ slot }) => slot < this.rules.slots)).toBe(true);
    const running = [...this.slots.values()].filter(({ spawning, process }) => spawning || process).length;
    if (!isChanging(this.roster)) expect(running).toBeLessThanOrEqual(Math.max(this.roster.size, 0));
    if (this.rules.strategy === 'replace') {
      expect(replicas.filter(({ role }) => role === 'challenger')).toEqual([]);
    }
    for (const { slot, life } of replicas) {
      const state = this.slots.get(slot);
      const hasOne = state !== undefined && (state.spawning || state.process);
      expect(hasOne).toBe(['starting', 'warming', 'ready', 'unwell', 'stopping'].includes(life.state));
    }
    expect(hasProcess(this.roster)).toBe(running > 0);
  }

  #perform(slot: number, effect: string): void {
    const state = this.slots.get(slot) ?? { spawning: false, process: false, probing: false, timer: false };
    this.slots.set(slot, state);
    if (effect === 'spawn') {
      expect(state).toMatchObject({ spawning: false, process: false });
      state.spawning = true;
    }
    if (effect === 'probe') state.probing = true;
    if (effect === 'end-probe') state.probing = false;
    if (effect === 'retry-after') state.timer = true;
    if (effect === 'cancel-retry') state.timer = false;
    if (effect === 'terminate') expect(state.spawning || state.process).toBe(true);
  }

  /** What can happen in a slot now. */
  possible(slot: number): ServiceEvent[] {
    const state = this.slots.get(slot);
    if (state === undefined) return [];
    return [
      ...(state.spawning ? [...EVENTS.spawned, ...EVENTS['spawn-failed']] : []),
      ...(state.process ? EVENTS.exited : []),
      ...(state.probing ? [...EVENTS.ready, ...EVENTS.unwell, ...EVENTS.deadline, ...EVENTS.ghost] : []),
      ...(state.timer ? EVENTS.retry : []),
    ];
  }

  /** Lets everything go well until nothing happens any more. */
  settle(): this {
    for (let round = 0; round < 500; round += 1) {
      this.send({ type: 'replicas', event: { type: 'needs-met' } });
      this.send({ type: 'replicas', event: { type: 'need-recovered' } });
      const busy = this.roster.replicas.find(
        ({ life }) => !['ready', 'unwell', 'idle', 'failed', 'done', 'waiting'].includes(life.state),
      );
      if (busy === undefined) {
        if (!this.roster.replicas.some(({ life }) => life.state === 'waiting')) return this;
        continue;
      }
      const { slot, life } = busy;
      if (life.state === 'starting') this.replica(slot, { type: 'spawned', pid: 1 });
      else if (life.state === 'warming') this.replica(slot, { type: 'ready', now: 0 });
      else if (life.state === 'backoff') this.replica(slot, { type: 'retry' });
      else if (this.slots.get(slot)?.spawning === true) this.replica(slot, { type: 'spawned', pid: 1 });
      else this.gone(slot);
    }
    throw new Error('it never comes to rest');
  }
}

describe('replace', () => {
  it('waits for the old one to be gone before it starts the new one', () => {
    const stage = new Stage().send({ type: 'start' }).up(0).send({ type: 'restart' });
    expect(stage.view).toEqual(['0:serving:stopping:2']);
    expect(stage.targets).toEqual([]);
    stage.gone(0);
    expect(stage.view).toEqual(['0:serving:waiting:2']);
    expect(stage.up(0).view).toEqual(['0:serving:ready:2']);
  });

  it('takes new values at once where nothing runs yet', () => {
    const stage = new Stage().send({ type: 'start' }).send({ type: 'restart' });
    expect(stage.view).toEqual(['0:serving:waiting:2']);
  });

  it('starts further replicas with the new values only', () => {
    const stage = new Stage({ slots: 3 }).send({ type: 'start' }).up(0).send({ type: 'restart', size: 3 });
    expect(stage.view).toEqual(['0:serving:stopping:2', '1:serving:waiting:2', '2:serving:waiting:2']);
    expect(stage.gone(0).up(0).up(1).up(2).view).toEqual([
      '0:serving:ready:2',
      '1:serving:ready:2',
      '2:serving:ready:2',
    ]);
  });
});

describe('handoff', () => {
  const rules = { strategy: 'handoff', slots: 2 } as const;

  it('starts the new one beside the old, swaps when it is ready, then stops the old', () => {
    const stage = new Stage(rules).send({ type: 'start' }).up(0).send({ type: 'restart' });
    expect(stage.view).toEqual(['0:serving:ready:1', '1:challenger:waiting:2']);
    expect(stage.targets).toEqual([0]);
    stage.up(1);
    expect(stage.view).toEqual(['0:retiring:stopping:1', '1:serving:ready:2']);
    expect(stage.targets).toEqual([1]);
    expect(stage.gone(0).view).toEqual(['1:serving:ready:2']);
    expect(stage.told).toEqual(['swapped']);
  });

  it('keeps the old one when the new one fails, and does not try that one again', () => {
    const stage = new Stage(rules).send({ type: 'start' }).up(0).send({ type: 'restart' });
    stage.send({ type: 'replicas', event: { type: 'needs-met' } });
    stage
      .replica(1, { type: 'spawned', pid: 7 })
      .replica(1, { type: 'deadline', cause: { message: 'late' } });
    expect(stage.view).toEqual(['0:serving:ready:1', '1:challenger:stopping:2']);
    stage.gone(1);
    expect(stage.view).toEqual(['0:serving:ready:1']);
    expect(stage.told).toEqual(['refused']);
    expect(stage.send({ type: 'restart' }).view).toEqual(['0:serving:ready:1', '1:challenger:waiting:3']);
  });

  it('fails with the new one where the contract says so', () => {
    const stage = new Stage({ ...rules, onUnready: 'fail' }).send({ type: 'start' }).up(0);
    stage.send({ type: 'restart' }).send({ type: 'replicas', event: { type: 'needs-met' } });
    stage.replica(1, { type: 'spawn-failed', cause: { message: 'command not found: fooo' } }).gone(0);
    expect(stateOf(stage.roster)).toEqual({ state: 'failed', cause: { message: 'command not found: fooo' } });
  });

  it('lets the new one take over at once when the old one breaks down meanwhile', () => {
    const stage = new Stage(rules).send({ type: 'start' }).up(0).send({ type: 'restart' });
    stage.replica(0, { type: 'exited', end: { exitCode: 1 }, now: 0 });
    expect(stage.view).toEqual(['1:serving:waiting:2']);
  });

  it('begins anew when the values change once more on the way', () => {
    const stage = new Stage({ ...rules, slots: 3 }).send({ type: 'start' }).up(0).send({ type: 'restart' });
    stage.send({ type: 'restart' });
    expect(stage.view).toEqual(['0:serving:ready:1', '1:challenger:waiting:3']);
  });

  it('swaps all replicas at once', () => {
    const stage = new Stage({ ...rules, slots: 4 }).send({ type: 'scale', size: 2 }).send({ type: 'start' });
    stage.up(0).up(1).send({ type: 'restart' }).up(2);
    expect(stage.targets).toEqual([0, 1]);
    stage.replica(3, { type: 'spawned', pid: 7 }).replica(3, { type: 'ready', now: 0 });
    expect(stage.targets).toEqual([2, 3]);
  });
});

describe('rolling', () => {
  it('goes one by one', () => {
    const stage = new Stage({ strategy: 'rolling', slots: 3 }).send({ type: 'scale', size: 2 });
    stage.send({ type: 'start' }).up(0).up(1).send({ type: 'restart' });
    expect(stage.view).toEqual(['0:serving:ready:1', '1:serving:ready:1', '2:challenger:waiting:2']);
    stage.up(2);
    expect(stage.targets).toEqual([1, 2]);
    stage.gone(0).up(0);
    expect(stage.targets).toEqual([2, 0]);
    stage.gone(1);
    expect(stage.view.sort()).toEqual(['0:serving:ready:2', '2:serving:ready:2']);
  });
});

describe('scale', () => {
  it('adds replicas, and takes away those that help least', () => {
    const stage = new Stage({ slots: 3 }).send({ type: 'start' }).up(0).send({ type: 'scale', size: 3 });
    stage.up(1);
    expect(stage.view).toEqual(['0:serving:ready:1', '1:serving:ready:1', '2:serving:starting:1']);
    stage.send({ type: 'scale', size: 2 });
    expect(stage.view.at(-1)).toBe('2:retiring:stopping:1');
    stage.replica(2, { type: 'spawned', pid: 9 }).gone(2);
    expect(stage.send({ type: 'scale', size: 1 }).targets).toEqual([0]);
  });
});

describe('any sequence of what can happen', () => {
  const scenes = fc.record({
    strategy: fc.constantFrom('replace' as const, 'handoff' as const, 'rolling' as const),
    onUnready: fc.constantFrom('rollback' as const, 'fail' as const),
    size: fc.integer({ min: 1, max: 3 }),
    spare: fc.integer({ min: 0, max: 3 }),
    choices: fc.array(fc.nat(10_000), { maxLength: 80 }),
  });
  type Scene = typeof scenes extends fc.Arbitrary<infer T> ? T : never;

  function play({ strategy, onUnready, size, spare, choices }: Scene): Stage {
    const stage = new Stage({ strategy, onUnready, slots: size + spare }).send({ type: 'scale', size });
    for (const choice of choices) {
      const slots = stage.roster.replicas.flatMap(({ slot }) =>
        stage.possible(slot).map((event): RosterEvent => ({ type: 'replica', slot, event })),
      );
      const asked: RosterEvent[] = [
        { type: 'start' },
        { type: 'stop' },
        { type: 'restart' },
        { type: 'restart' },
        { type: 'scale', size: 1 + (choice % size) },
        { type: 'replicas', event: { type: 'needs-met' } },
        { type: 'replicas', event: { type: 'needs-met' } },
        { type: 'replicas', event: { type: 'need-failed', need: 'db', message: 'gone' } },
        { type: 'replicas', event: { type: 'need-recovered' } },
      ];
      const events = [...asked, ...slots, ...slots];
      const event = events[choice % events.length] ?? { type: 'start' };
      const before = stage.targets.length;
      if (event.type === 'replica') stage.replica(event.slot, event.event);
      else stage.send(event);
      const breaks = event.type === 'replica' && ['exited', 'ghost'].includes(event.event.type);
      const mayEmpty = breaks || event.type === 'stop' || (onUnready === 'fail' && event.type !== 'scale');
      if (strategy !== 'replace' && spare > 0 && before > 0 && !mayEmpty) {
        expect(stage.targets.length).toBeGreaterThan(0);
      }
    }
    return stage;
  }

  it('keeps every slot to one process, and a hand-off never leaves nobody to serve', () => {
    fc.assert(
      fc.property(scenes, (scene) => void play(scene)),
      { numRuns: 500 },
    );
  });

  it('ends with nothing after a stop, from wherever it comes', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const stage = play(scene).send({ type: 'stop' }).settle();
        expect(stage.roster.replicas).toEqual([]);
        expect([...stage.slots.values()]).toEqual([]);
        expect(stateOf(stage.roster)).toEqual({ state: 'idle' });
      }),
      { numRuns: 500 },
    );
  });

  it('comes to all replicas ready with the newest values when nothing fails any more', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const stage = play(scene).send({ type: 'restart' }).settle();
        const { size, revision } = stage.roster;
        expect(stage.roster.replicas.map(({ role, life, revision: of }) => [role, life.state, of])).toEqual(
          Array.from({ length: size }, () => ['serving', expect.stringMatching(/ready|unwell/), revision]),
        );
      }),
      { numRuns: 500 },
    );
  });
});
