/** One service while the stack runs: its roster, and the shells of its replicas. */
import { isEqual } from '../plan/equal.ts';
import type { ResolvedService } from '../plan/plan.ts';
import type { PublishedService, Sighting } from '../protocol/messages.ts';
import type { Instance } from '../runtime/instance.ts';
import { tellFailedNeeds } from './failed-need.ts';
import type { Verdict } from './needs.ts';
import { primaryOf } from './readiness/own-ports.ts';
import type { LastEnd, Launch } from './replica-options.ts';
import { ReplicaShell } from './replica.ts';
import {
  emptyRoster,
  hasProcess,
  isChanging,
  oldestServing,
  stateOf,
  targetsOf,
  type Replica,
  type Roster,
  type RosterEffect,
  type RosterEvent,
} from './roster/roster.ts';
import { stepRoster } from './roster/step.ts';
import { drainReason, findHopeless, rulesFor, sizeOf, stablePorts } from './rules.ts';
import { isAtRest, type ServiceEvent, type ServiceState } from './service.ts';
import type { Blueprint, UnitInstance, UnitOptions, UnitTarget } from './unit-options.ts';

const RUNS: readonly string[] = ['warming', 'ready', 'unwell'];

export class Unit {
  readonly name: string;
  /** How often it was started again by itself. */
  restarts = 0;
  waitingFor: readonly string[] = [];
  /** Started when somebody asks for it (`start: request`). */
  armed = false;
  /** Whether it was ready since it was last idle or failed: consumers count on it. */
  wasReady = false;
  /** How its last process ended; undefined before one has. */
  lastEnd: LastEnd | undefined;

  readonly #options: UnitOptions;
  readonly #shells = new Map<number, ReplicaShell>();
  readonly #needs = tellFailedNeeds((text) => this.#options.onNotice(this, text));
  #blueprint: Blueprint;
  #roster: Roster;
  #generation = 0;
  #forced = false;
  #refusal: string | undefined;

  constructor(blueprint: Blueprint, options: UnitOptions) {
    this.name = blueprint.service.name;
    this.#blueprint = blueprint;
    this.#options = options;
    this.#roster = { ...emptyRoster, size: sizeOf(this.resolved) };
  }

  /** The values that the next launch uses. */
  get resolved(): ResolvedService {
    return this.#blueprint.service;
  }

  get state(): ServiceState {
    return stateOf(this.#roster);
  }

  get replicas(): readonly Replica[] {
    return this.#roster.replicas;
  }

  /** How far the newest values, or the last restart, have got. */
  get revision(): Required<PublishedService>['revision'] {
    const { revision: asked, refused } = this.#roster;
    const told = refused === asked && this.#refusal !== undefined ? { refused: this.#refusal } : {};
    return { asked, serving: oldestServing(this.#roster), ...told };
  }

  /** Counts the launches of its processes. */
  get generation(): number {
    return this.#generation;
  }

  get goal(): Roster['goal'] {
    return this.#roster.goal;
  }

  /** Whether what was started is on the ports of today, as its clients know them: several can be there behind a ramp. */
  get isOnItsPorts(): boolean {
    const today = stablePorts(this.resolved);
    return this.replicas.every(({ slot }) => {
      const launched = this.#shells.get(slot)?.launched;
      return launched === undefined || isEqual(stablePorts(launched), today);
    });
  }

  /** Whether a process may exist. */
  get isRunning(): boolean {
    return hasProcess(this.#roster);
  }

  get isAtRest(): boolean {
    return !isChanging(this.#roster) && this.replicas.every(({ life }) => isAtRest(life));
  }

  get targets(): readonly UnitTarget[] {
    return targetsOf(this.#roster).flatMap(({ slot }) => {
      const service = this.#shells.get(slot)?.launched;
      return service === undefined ? [] : [{ slot, service }];
    });
  }

  /** Every replica with what its process was started with, and the process. */
  get instances(): readonly UnitInstance[] {
    return this.replicas.map((replica) => {
      const shell = this.#shells.get(replica.slot);
      const { launched, instance: process, launch, listening = new Map() } = shell ?? {};
      return { ...replica, launched, process, launch, listening };
    });
  }

  /** The daemon has looked at the listeners of one of its instances; undefined: no daemon looks any more. */
  see(sighting: Sighting | undefined): void {
    for (const shell of this.#shells.values())
      if (sighting === undefined || shell.instance?.marker === sighting.marker) shell.see(sighting);
  }

  /** What runs of the best replica. */
  get instance(): Instance | undefined {
    const pid = 'pid' in this.state ? this.state.pid : undefined;
    return this.instances.find(({ process }) => process !== undefined && process.pid === pid)?.process;
  }

  /** What the last look at one of its instances said, and when it was; nothing of those that are gone. */
  get lastLook(): ReplicaShell['lastLook'] {
    const looks = this.replicas.flatMap(({ slot }) => this.#shells.get(slot)?.lastLook ?? []);
    return looks.sort((left, right) => left.at - right.at).at(-1);
  }

  /** Something was found out about one of its instances. */
  tell(slot: number, event: ServiceEvent): void {
    this.#step({ type: 'replica', slot, event });
  }

  /** Looks anew whether the instance in the slot is ready, after its ports changed. */
  retarget(slot: number): void {
    this.#shells.get(slot)?.retarget(this.#blueprint.instance(slot));
    this.#options.onChange(this);
  }

  /** New values that need no restart: for what is started from now on, and for looks at what the newest ones started. */
  adopt(blueprint: Blueprint): void {
    this.learn(blueprint);
    const newest = this.replicas.filter(({ revision }) => revision === this.#roster.revision);
    for (const { slot } of newest) void this.#shells.get(slot)?.redeclare(blueprint.instance(slot));
    const size = sizeOf(this.resolved);
    if (size !== this.#roster.size) this.#step({ type: 'scale', size });
  }

  /** New values, before the restart that makes them those of the processes. */
  learn(blueprint: Blueprint): void {
    this.#blueprint = blueprint;
    for (const shell of this.#shells.values()) shell.judge();
  }

  /** Something external has no life here: at most there is a process from the time when it was none. */
  dispatch(event: { readonly type: 'start' | 'stop' | 'restart' }): void {
    if (this.resolved.kind === 'external') this.#step({ type: 'stop' });
    else this.#step(event.type === 'restart' ? { ...event, size: sizeOf(this.resolved) } : event);
  }

  /** The next run of a task happens even if there is nothing to do. */
  force(): void {
    this.#forced = true;
  }

  /** What has become of what it needs. */
  judge(verdict: Verdict): void {
    const states: readonly string[] = this.replicas.map(({ life }) => life.state);
    if (states.includes('waiting')) {
      this.waitingFor = verdict.kind === 'pending' ? verdict.waitingFor : [];
      if (verdict.kind === 'met') {
        for (const need of verdict.passed)
          this.#options.onNotice(this, `starts although ${need}, which it needs, is not known to be ready`);
        this.#tellAll({ type: 'needs-met' });
      }
    }
    if (verdict.kind === 'failed') {
      const { need, message, hint } = verdict;
      if (states.includes('waiting') || states.includes('backoff'))
        this.#tellAll({ type: 'need-failed', need, message, hint });
    } else if (states.includes('failed')) this.#tellAll({ type: 'need-recovered' });
    if (states.some((state) => RUNS.includes(state))) this.#needs.see(verdict);
    else this.#needs.reset();
  }

  /** Stops it, and what is left of it is killed at once. */
  kill(): void {
    for (const shell of this.#shells.values()) shell.kill();
    this.dispatch({ type: 'stop' });
  }

  #tellAll(event: ServiceEvent): void {
    this.#step({ type: 'replicas', event });
  }

  #step(event: RosterEvent): void {
    const before = this.#roster;
    const [next, effects] = stepRoster(before, event, rulesFor(this.resolved, this.isOnItsPorts));
    if (next === before && effects.length === 0) return;
    this.#roster = next;
    const { state } = this.state;
    if (state === 'ready') this.wasReady = true;
    if (state === 'idle' || state === 'failed') this.wasReady = false;
    for (const effect of effects) this.#perform(effect);
    if (next !== before) this.#options.onChange(this);
  }

  #perform(effect: RosterEffect): void {
    switch (effect.type) {
      case 'replica':
        this.#shellOf(effect.slot).perform(effect.effect);
        return;
      case 'forget':
        this.#shells.delete(effect.slot);
        return;
      case 'swapped':
        this.#options.logs.note(this.name, 'the new instance has taken over');
        return;
      case 'refused':
        this.#refusal = effect.cause.message;
        this.#options.onNotice(this, `the new instance did not get ready: ${effect.cause.message}`);
        return;
    }
  }

  #shellOf(slot: number): ReplicaShell {
    const known = this.#shells.get(slot);
    if (known !== undefined) return known;
    const { clock, logs, starts, launch, lookAt, open, explainEnd, onNotice, onSpawn, onExit } =
      this.#options;
    const tell = (event: ServiceEvent): void => {
      const cause = this.#find(slot)?.role === 'challenger' ? findHopeless(event) : undefined;
      // Beside an instance that serves, one that never comes would be waited for in vain.
      this.#step({ type: 'replica', slot, event: cause === undefined ? event : { type: 'deadline', cause } });
    };
    const shell: ReplicaShell = new ReplicaShell({
      service: this.name,
      slot,
      clock,
      logs,
      starts,
      launch: (launching) => launch(this, launching),
      lookAt,
      open,
      explainEnd,
      next: () => this.#nextLaunch(slot, shell.launched),
      drain: (launched) =>
        this.#options.drain({ unit: this, launched, reason: drainReason(this.#find(slot), this.goal) }),
      onEvent: tell,
      follows: () => primaryOf(this.resolved.ports)?.follow ?? 'never',
      onFollow: async (name, number) => {
        const port = this.resolved.ports.find((one) => one.name === name);
        if (port === undefined) return { followed: false, why: `it has no port ${name} any more` };
        return this.#options.onFollow(this, slot, port, number);
      },
      onListening: () => this.#options.onChange(this),
      onLate: ({ after, problem }) => {
        const message = `not ready after ${after / 1000} s: ${problem}`;
        if (this.#find(slot)?.role === 'challenger') tell({ type: 'deadline', cause: { message } });
        else onNotice(this, message);
      },
      onRetry: () => {
        this.restarts += 1;
      },
      onEnd: (end) => {
        this.lastEnd = end;
      },
      onSpawn,
      onExit,
    });
    this.#shells.set(slot, shell);
    return shell;
  }

  #find(slot: number): Replica | undefined {
    return this.replicas.find((replica) => replica.slot === slot);
  }

  #nextLaunch(slot: number, launched: ResolvedService | undefined): Omit<Launch, 'onOutput'> {
    this.#generation += 1;
    const forced = this.#forced;
    this.#forced = false;
    // One that stayed because the newest values did not work keeps its own.
    const stays = this.#find(slot)?.revision !== this.#roster.revision && launched !== undefined;
    const service = (): ResolvedService => (stays ? launched : this.#blueprint.instance(slot));
    return { service, slot, generation: this.#generation, forced };
  }
}
