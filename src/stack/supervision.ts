/**
 * The units of one stack together: who may start because what it needs is there, who has to wait, who stops
 * before whom.
 */
import { PortrampError } from '../lib/errors.ts';
import { suggest } from '../lib/suggest.ts';
import { selectServices } from '../plan/order.ts';
import type { Plan, ResolvedService } from '../plan/plan.ts';
import { judgeNeeds, type ProviderState } from './needs.ts';
import type { Action } from './reconcile.ts';
import type { ServiceState } from './service.ts';
import { Unit, type UnitOptions } from './unit.ts';

export interface SupervisionOptions extends Omit<UnitOptions, 'onChange'> {
  /** Called after a unit changed, with all consequences that follow at once already drawn. */
  readonly onChange: (unit: Unit) => void;
  /** Called when every wanted service has come to rest, once for every time. */
  readonly onSettled: () => void;
}

/** States in which nothing happens by itself any more. */
const AT_REST: readonly ServiceState['state'][] = ['idle', 'ready', 'unwell', 'failed', 'done'];

export class Supervision {
  readonly #options: SupervisionOptions;
  readonly #units = new Map<string, Unit>();
  readonly #leaving = new Set<string>();
  #wanted: ReadonlySet<string> = new Set();
  #settled = true;
  #down: Deferred | undefined;

  constructor(options: SupervisionOptions) {
    this.#options = options;
  }

  /** In the order of the plan. */
  get units(): readonly Unit[] {
    return [...this.#units.values()];
  }

  get wanted(): ReadonlySet<string> {
    return this.#wanted;
  }

  find(name: string): Unit | undefined {
    return this.#units.get(name);
  }

  /** Starts the selection of a plan; the rest of its services is there, idle. */
  start(services: ReadonlyMap<string, ResolvedService>, wanted: ReadonlySet<string>): void {
    this.#wanted = wanted;
    this.#settled = false;
    for (const service of services.values()) this.#add(service);
    for (const name of wanted) this.#units.get(name)?.dispatch({ type: 'start' });
    this.#draw();
  }

  /** Carries out what an edit of the contract means. */
  apply(
    actions: readonly Action[],
    services: ReadonlyMap<string, ResolvedService>,
    wanted: ReadonlySet<string>,
  ): void {
    this.#wanted = wanted;
    for (const action of actions) this.#carryOut(action, services.get(action.service));
    this.#sort([...services.keys()]);
    this.#draw();
  }

  /** Starts services and what they need. @throws PortrampError UNKNOWN_NAME */
  startNamed(plan: Plan, names: readonly string[]): void {
    const selected = selectOrThrow(plan, names);
    this.#wanted = new Set([...this.#wanted, ...selected]);
    for (const name of selected) {
      const unit = this.#units.get(name);
      const isProvider = !names.includes(name);
      // What is done is done: a migration is not run again because its consumer is started.
      if (isProvider && unit?.state.state === 'done') continue;
      unit?.dispatch({ type: 'start' });
    }
    this.#draw();
  }

  restartNamed(plan: Plan, names: readonly string[]): void {
    const selected = selectOrThrow(plan, names);
    this.#wanted = new Set([...this.#wanted, ...selected]);
    for (const name of selected) {
      const unit = this.#units.get(name);
      if (isMeant(plan, names, name)) unit?.dispatch({ type: 'restart' });
      else if (unit?.state.state === 'idle') unit.dispatch({ type: 'start' });
    }
    this.#draw();
  }

  stopNamed(plan: Plan, names: readonly string[]): void {
    for (const name of selectOrThrow(plan, names)) {
      if (isMeant(plan, names, name)) this.#units.get(name)?.dispatch({ type: 'stop' });
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

  #add(service: ResolvedService): void {
    this.#leaving.delete(service.name);
    const unit = new Unit(service, {
      ...this.#options,
      onChange: (changed) => {
        this.#draw();
        this.#options.onChange(changed);
      },
    });
    this.#units.set(service.name, unit);
  }

  #carryOut(action: Action, service: ResolvedService | undefined): void {
    const unit = this.#units.get(action.service);
    switch (action.type) {
      case 'remove':
        this.#leaving.add(action.service);
        unit?.dispatch({ type: 'stop' });
        return;
      case 'add':
        // One that is still leaving comes back with its new values, after the old process is gone.
        if (unit === undefined && service !== undefined) this.#add(service);
        else if (unit !== undefined && service !== undefined) this.#comeBack(unit, service);
        return;
      case 'update':
        if (unit !== undefined && service !== undefined) unit.resolved = service;
        return;
      case 'restart':
        unit?.dispatch({ type: 'restart' });
        return;
      case 'start':
        unit?.dispatch({ type: 'start' });
        return;
    }
  }

  #comeBack(unit: Unit, service: ResolvedService): void {
    this.#leaving.delete(unit.name);
    unit.resolved = service;
  }

  #sort(order: readonly string[]): void {
    const units = [...this.#units.values()];
    const rank = (unit: Unit): number => {
      const place = order.indexOf(unit.name);
      return place === -1 ? order.length : place;
    };
    this.#units.clear();
    for (const unit of units.sort((a, b) => rank(a) - rank(b))) this.#units.set(unit.name, unit);
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
      for (const unit of this.units) {
        if (this.#down === undefined) this.#judge(unit);
        else this.#stopInOrder(unit);
      }
      this.#dropGone();
    }
    this.#drawing = false;
    this.#report();
  }

  #judge(unit: Unit): void {
    const { state } = unit;
    const verdict = judgeNeeds(unit.resolved.needs, (name) => this.#providerState(name));
    if (state.state === 'waiting') {
      unit.waitingFor = verdict.kind === 'pending' ? verdict.waitingFor : [];
      if (verdict.kind === 'met') unit.dispatch({ type: 'needs-met' });
      if (verdict.kind === 'failed') unit.dispatch({ type: 'need-failed', ...pick(verdict) });
    } else if (state.state === 'failed' && verdict.kind !== 'failed') {
      unit.dispatch({ type: 'need-recovered' });
    }
  }

  #providerState(name: string): ProviderState | undefined {
    const unit = this.#units.get(name);
    return unit?.resolved.kind === 'external' ? { state: 'external' } : unit?.state;
  }

  #stopInOrder(unit: Unit): void {
    if (unit.state.state === 'idle' || unit.state.state === 'stopping') return;
    const isConsumed = [...this.#units.values()].some(
      (other) => other.isRunning && other.resolved.needs.some((need) => need.service === unit.name),
    );
    if (!isConsumed || !unit.isRunning) unit.dispatch({ type: 'stop' });
  }

  #dropGone(): void {
    for (const name of this.#leaving) {
      const unit = this.#units.get(name);
      if (unit?.isRunning) continue;
      this.#units.delete(name);
      this.#leaving.delete(name);
    }
  }

  #report(): void {
    const units = [...this.#units.values()];
    if (this.#down !== undefined && !units.some((unit) => unit.isRunning)) this.#down.resolve();
    const settled = units.every((unit) => AT_REST.includes(unit.state.state));
    if (settled && !this.#settled) this.#options.onSettled();
    this.#settled = settled;
  }
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function createDeferred(): Deferred {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

const pick = ({ need, message }: { need: string; message: string }) => ({ need, message });

/** Whether a name was given, itself or through its group. */
const isMeant = (plan: Plan, names: readonly string[], name: string): boolean =>
  names.some((given) => given === name || (plan.groups[given]?.includes(name) ?? false));

/** @throws PortrampError UNKNOWN_NAME */
export function selectOrThrow(plan: Plan, names: readonly string[]): string[] {
  const { names: selected, unknown } = selectServices(plan, names);
  const [first] = unknown;
  if (first === undefined) return selected;
  const known = [...plan.services.keys(), ...Object.keys(plan.groups)];
  const nearest = first.suggestion ?? suggest(first.name, known);
  throw new PortrampError('UNKNOWN_NAME', `there is no service or group "${first.name}"`, {
    hint: nearest === undefined ? `there are: ${known.join(', ')}` : `did you mean "${nearest}"?`,
  });
}
