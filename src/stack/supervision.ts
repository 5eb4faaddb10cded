/** The units of one stack together: who may start because what it needs is there, who has to wait, who stops before whom. */
import type { Plan } from '../plan/plan.ts';
import type { Sighting } from '../protocol/messages.ts';
import { blueprintOf, type Blueprints } from './blueprints.ts';
import { judgeNeeds, type ProviderState } from './needs.ts';
import { createOutdated, type Outdated } from './outdated.ts';
import { restartedBy, type Action } from './reconcile.ts';
import { createDeferred, type Deferred } from '../lib/deferred.ts';
import { findFollowers, findFollowersOfStart, type Follower } from './followers.ts';
import { startsOnRequest } from './rules.ts';
import { isMeant, selectOrThrow } from './selection.ts';
import { isOver } from './service.ts';
import { createSlices, type Slices } from './slices.ts';
import type { Blueprint, UnitOptions } from './unit-options.ts';
import { Unit } from './unit.ts';

export interface SupervisionOptions extends Omit<UnitOptions, 'onChange'> {
  /** Called after a unit changed, with all consequences that follow at once already drawn. */
  readonly onChange: (unit: Unit) => void;
  /** Called when every wanted service has come to rest, once for every time. */
  readonly onSettled: () => void;
}

export class Supervision {
  readonly #options: SupervisionOptions;
  readonly #units = new Map<string, Unit>();
  readonly #leaving = new Set<string>();
  readonly #stops: Slices;
  readonly #outdated: Outdated;
  #wanted: ReadonlySet<string> = new Set();
  #settled = true;
  #down: Deferred | undefined;
  constructor(options: SupervisionOptions) {
    this.#options = options;
    this.#stops = createSlices(options.clock, () => this.#draw());
    this.#outdated = createOutdated((unit, text) => options.onNotice(unit, text));
  }

  /** In the order of the plan. */
  get units(): readonly Unit[] {
    return [...this.#units.values()];
  }

  get wanted(): ReadonlySet<string> {
    return this.#wanted;
  }

  /** The daemon has looked at the listeners of instances; without sightings: no daemon looks any more. */
  see(sightings?: readonly Sighting[]): void {
    for (const unit of this.units)
      if (sightings === undefined) unit.see(undefined);
      else sightings.forEach((sighting) => unit.see(sighting));
  }

  find(name: string): Unit | undefined {
    return this.#units.get(name);
  }

  /** Starts the selection of a plan; the rest of its services is there, idle. */
  start(blueprints: Blueprints, wanted: ReadonlySet<string>): void {
    this.#wanted = wanted;
    this.#settled = false;
    // All of them first: what has been started alone would be all that there is.
    this.#drawing = true;
    for (const name of blueprints.services.keys()) this.#add(blueprintOf(blueprints, name));
    for (const name of wanted) this.#startOrArm(name);
    this.#drawing = false;
    this.#draw();
  }

  /** Carries out what an edit of the contract means. */
  apply(actions: readonly Action[], blueprints: Blueprints, wanted: ReadonlySet<string>): void {
    this.#wanted = wanted;
    const restarted = restartedBy(actions);
    for (const action of actions) {
      const { service } = action;
      this.#carryOut(action, blueprintOf(blueprints, service), restarted.has(service));
    }
    this.#sort([...blueprints.services.keys()]);
    this.#draw();
  }

  /** Starts services and what they need. @throws PortrampError UNKNOWN_NAME */
  startNamed(plan: Plan, names: readonly string[]): void {
    const selected = selectOrThrow(plan, names);
    this.#wanted = new Set([...this.#wanted, ...selected]);
    const followers = findFollowersOfStart(selected, this.units);
    for (const name of selected) {
      const unit = this.#units.get(name);
      const isProvider = !names.includes(name);
      // What is done is done: a migration is not run again because its consumer is started.
      if (isProvider && unit?.state.state === 'done') continue;
      if (isProvider) this.#startOrArm(name);
      else this.#startAsked(name);
    }
    for (const follower of followers) this.#startAlong(follower);
    this.#draw();
  }

  restartNamed(plan: Plan, names: readonly string[]): void {
    const selected = selectOrThrow(plan, names);
    this.#wanted = new Set([...this.#wanted, ...selected]);
    const asked = selected.filter((name) => isMeant(plan, names, name));
    const followers = findFollowers(asked, this.units);
    for (const name of selected) {
      const unit = this.#units.get(name);
      if (asked.includes(name)) {
        unit?.force();
        unit?.dispatch({ type: 'restart' });
      } else if (unit?.state.state === 'idle') this.#startOrArm(name);
    }
    for (const follower of followers) this.#startAlong(follower);
    this.#draw();
  }

  stopNamed(plan: Plan, names: readonly string[]): void {
    for (const name of selectOrThrow(plan, names)) {
      const unit = this.#units.get(name);
      if (unit === undefined || !isMeant(plan, names, name)) continue;
      unit.armed = false;
      unit.dispatch({ type: 'stop' });
    }
    this.#draw();
  }

  /** Consumers before providers. `now` kills what is left at once. Resolves when nothing runs any more. */
  shutDown(now: boolean): Promise<void> {
    const down = (this.#down ??= createDeferred());
    if (now) for (const unit of this.#units.values()) unit.kill();
    this.#draw();
    return down.promise;
  }

  /** Somebody asks for a service that starts on request. */
  wake(name: string): void {
    const unit = this.#units.get(name);
    if (unit?.armed !== true || this.#down !== undefined || unit.goal === 'up') return;
    unit.dispatch({ type: 'start' });
  }

  /** A file that the service is made from has changed. One that somebody stopped stays so. */
  touch(name: string): void {
    const unit = this.#units.get(name);
    if (unit === undefined || unit.goal === 'down' || this.#down !== undefined) return;
    unit.dispatch({ type: 'restart' });
  }

  /** It runs, whoever started it. True when it is started for that; not while it is about to be anyway. */
  takeOver(name: string): boolean {
    const unit = this.#units.get(name);
    if (unit === undefined || this.#down !== undefined || !isOver(unit.state)) return false;
    unit.dispatch({ type: 'start' });
    return true;
  }

  /** Stops a service that nobody uses; the next one who asks starts it again. */
  rest(name: string): void {
    const unit = this.#units.get(name);
    if (unit?.armed === true) unit.dispatch({ type: 'stop' });
  }

  #startAlong({ service, of }: Follower): void {
    const unit = this.#units.get(service);
    if (unit !== undefined) this.#options.onNotice(unit, `starts again, because ${of} does`);
    unit?.dispatch({ type: 'restart' });
  }

  #startAsked(name: string): void {
    const unit = this.#units.get(name);
    if (unit === undefined) return;
    unit.armed = startsOnRequest(unit.resolved);
    if (unit.state.state === 'done') unit.force();
    unit.dispatch({ type: 'start' });
  }

  #startOrArm(name: string): void {
    const unit = this.#units.get(name);
    if (unit === undefined) return;
    unit.armed = startsOnRequest(unit.resolved);
    if (!unit.armed) return unit.dispatch({ type: 'start' });
    // Nothing about it changes, and yet its ports have to be there for the first who dials them.
    this.#options.onChange(unit);
  }

  #add(blueprint: Blueprint | undefined): void {
    if (blueprint === undefined) return;
    const unit = new Unit(blueprint, {
      ...this.#options,
      onChange: (changed) => {
        this.#draw();
        this.#options.onChange(changed);
      },
    });
    this.#units.set(unit.name, unit);
  }

  #carryOut(action: Action, blueprint: Blueprint | undefined, restarts: boolean): void {
    const unit = this.#units.get(action.service);
    switch (action.type) {
      case 'remove':
        this.#leaving.add(action.service);
        unit?.dispatch({ type: 'stop' });
        return;
      case 'add':
        // One that is still leaving comes back with its new values, after the old process is gone.
        this.#leaving.delete(action.service);
        if (unit === undefined) this.#add(blueprint);
        else if (blueprint !== undefined) unit.adopt(blueprint);
        return;
      case 'update':
        // Before a restart, more replicas would only be started to be started again.
        if (blueprint !== undefined) unit?.[restarts ? 'learn' : 'adopt'](blueprint);
        return;
      case 'restart':
        unit?.dispatch({ type: 'restart' });
        return;
      case 'restart-after': {
        const provider = this.#units.get(action.provider);
        if (unit !== undefined && provider !== undefined) this.#outdated.note(provider, unit);
        return;
      }
      case 'follow':
        this.#startAlong(action);
        return;
      case 'start':
        this.#startOrArm(action.service);
        return;
    }
  }

  #sort(order: readonly string[]): void {
    const places = new Map(order.map((name, place) => [name, place]));
    const placeOf = ({ name }: Unit): number => places.get(name) ?? order.length;
    const units = this.units.toSorted((a, b) => placeOf(a) - placeOf(b));
    this.#units.clear();
    for (const unit of units) this.#units.set(unit.name, unit);
  }

  #drawing = false;
  #drawAgain = false;

  /** Draws the consequences until there are none; a change in between causes exactly one more round. */
  #draw(): void {
    this.#drawAgain = true;
    if (this.#drawing) return;
    this.#drawing = true;
    while (this.#drawAgain) {
      this.#drawAgain = false;
      if (this.#down === undefined) {
        for (const unit of this.#units.values())
          unit.judge(judgeNeeds(unit.resolved.needs, (name) => this.providerState(name)));
        this.#outdated.settle();
      } else this.#stops.work(this.units, (unit) => this.#stopInOrder(unit));
      this.#dropGone();
    }
    this.#drawing = false;
    this.#report();
  }

  /** As its consumers see it. */
  providerState(name: string): ProviderState | undefined {
    const unit = this.#units.get(name);
    if (unit?.resolved.kind === 'external') return { state: 'external' };
    return unit?.armed === true && unit.state.state !== 'failed' ? { state: 'armed' } : unit?.state;
  }

  /** True when it was told to stop. */
  #stopInOrder(unit: Unit): boolean {
    unit.armed = false;
    if (unit.goal === 'down') return false;
    const isConsumed = [...this.#units.values()].some(
      (other) => other.isRunning && other.resolved.needs.some((need) => need.service === unit.name),
    );
    if (isConsumed && unit.isRunning) return false;
    unit.dispatch({ type: 'stop' });
    return true;
  }

  #dropGone(): void {
    for (const name of this.#leaving) {
      const unit = this.#units.get(name);
      if (unit?.isRunning) continue;
      if (unit !== undefined) this.#outdated.forget(unit);
      this.#units.delete(name);
      this.#leaving.delete(name);
    }
  }

  #report(): void {
    const units = [...this.#units.values()];
    // One that is not told to stop yet, because the work rests, may be about to make another attempt.
    const isOver = units.every((unit) => !unit.isRunning && unit.goal === 'down');
    if (isOver) this.#down?.resolve();
    const settled = units.every((unit) => unit.isAtRest);
    // A stack that goes down does not settle: it is over.
    if (settled && !this.#settled && this.#down === undefined) this.#options.onSettled();
    this.#settled = settled;
  }
}
