import { stripVTControlCharacters } from 'node:util';

import type { Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { ResolvedService } from '../plan/plan.ts';
import type { Exit, Instance, ProcessSpec, StartResult } from '../runtime/instance.ts';
import type { LogStore } from './logs/store.ts';
import { watchReadiness, type Finding, type Look } from './readiness.ts';
import {
  isRunning,
  step,
  type Effect,
  type Policy,
  type ServiceEvent,
  type ServiceState,
} from './service.ts';

export interface UnitOptions {
  readonly clock: Clock;
  readonly logs: LogStore;
  readonly launch: (
    unit: Unit,
    generation: number,
    onOutput: ProcessSpec['onOutput'],
  ) => Promise<StartResult>;
  /** How to see whether a container is ready. */
  readonly lookAt?: (unit: Unit) => Look;
  /** Called after every change of state. */
  readonly onChange: (unit: Unit) => void;
  /** Something to tell a person. */
  readonly onNotice: (unit: Unit, text: string) => void;
  readonly onSpawn: (pid: number) => void;
  readonly onExit: (pid: number) => void;
}

/** One service while the stack runs: its state, and the process, probes and timers that the state asks for. */
export class Unit {
  readonly name: string;
  resolved: ResolvedService;
  state: ServiceState = { state: 'idle' };
  /** How often it was started again by itself. */
  restarts = 0;
  waitingFor: readonly string[] = [];
  /** What the last look at the instance said, and when it was. */
  lastLook: { readonly problem: string | undefined; readonly at: number } | undefined;

  readonly #options: UnitOptions;
  #instance: Instance | undefined;
  #generation = 0;
  #endProbe: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #killed = false;

  constructor(resolved: ResolvedService, options: UnitOptions) {
    this.name = resolved.name;
    this.resolved = resolved;
    this.#options = options;
  }

  /** What runs now. */
  get instance(): Instance | undefined {
    return this.#instance;
  }

  get isRunning(): boolean {
    return isRunning(this.state);
  }

  dispatch(event: ServiceEvent): void {
    const before = this.state;
    const [next, effects] = step(before, event, policyOf(this.resolved));
    if (next === before && effects.length === 0) return;
    this.state = next;
    for (const effect of effects) this.#perform(effect);
    if (next !== before) this.#options.onChange(this);
  }

  /** Looks anew whether it is ready, after its ports changed. */
  retarget(): void {
    if (this.#endProbe === undefined) return;
    this.#endProbe();
    this.#probe();
  }

  /** Stops it, and what is left of it is killed at once. */
  kill(): void {
    this.#killed = true;
    this.dispatch({ type: 'stop' });
    this.#instance?.kill();
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'spawn':
        void this.#spawn();
        return;
      case 'probe':
        this.#probe();
        return;
      case 'end-probe':
        this.#endProbe?.();
        this.#endProbe = undefined;
        return;
      case 'terminate':
        this.#terminate();
        return;
      case 'retry-after':
        this.restarts += 1;
        this.#cancelRetry = this.#options.clock.after(effect.ms, () => this.dispatch({ type: 'retry' }));
        return;
      case 'cancel-retry':
        this.#cancelRetry?.();
        return;
    }
  }

  async #spawn(): Promise<void> {
    const { logs, launch, onSpawn } = this.#options;
    const { name } = this;
    this.#generation += 1;
    this.lastLook = undefined;
    const result = await launch(this, this.#generation, (stream, chunk) =>
      logs.write(name, stream, chunk),
    ).catch((error: unknown): StartResult => ({ ok: false, failure: { message: messageOf(error) } }));
    if (!result.ok) {
      logs.note(name, result.failure.message);
      this.dispatch({ type: 'spawn-failed', cause: result.failure });
      return;
    }
    const { instance } = result;
    this.#instance = instance;
    onSpawn(instance.pid);
    logs.note(name, `started (pid ${instance.pid})`);
    void instance.exited.then((exit) => this.#afterExit(instance, exit));
    this.dispatch({ type: 'spawned', pid: instance.pid });
  }

  #afterExit(instance: Instance, { code, signal }: Exit): void {
    const { logs, clock, onExit } = this.#options;
    this.#instance = undefined;
    onExit(instance.pid);
    logs.flush(this.name);
    logs.note(this.name, signal === null ? `exited with code ${code ?? '?'}` : `ended by ${signal}`);
    const end = signal === null ? { exitCode: code ?? 1 } : { signal };
    this.dispatch({ type: 'exited', end, now: clock.now() });
  }

  #terminate(): void {
    const { service } = this.resolved;
    if (this.#instance === undefined || service.kind === 'external') return;
    if (this.#killed) this.#instance.kill();
    else this.#instance.stop(service.stop);
  }

  #probe(): void {
    const { service, ports } = this.resolved;
    const { clock, logs } = this.#options;
    if (service.kind !== 'process' && service.kind !== 'compose') return;
    const readsLog = service.ready.kind === 'log';
    this.#endProbe = watchReadiness({
      ready: service.ready,
      usual: service.kind === 'compose' ? this.#options.lookAt?.(this) : undefined,
      ports,
      clock,
      onLine: (listener) =>
        readsLog
          ? logs.lines.on((line) => {
              if (line.service === this.name && line.stream !== 'portramp') {
                // Colours must not come between the words of a pattern.
                listener(stripVTControlCharacters(line.text));
              }
            })
          : () => undefined,
      onFinding: (finding) => this.#onFinding(finding),
      onLook: (problem) => {
        this.lastLook = { problem, at: clock.now() };
      },
    });
  }

  #onFinding(finding: Finding): void {
    switch (finding.kind) {
      case 'ready':
        if (finding.hint !== undefined) this.#options.onNotice(this, finding.hint);
        this.dispatch({ type: 'ready', now: this.#options.clock.now() });
        return;
      case 'unwell':
        this.dispatch({ type: 'unwell', problem: finding.problem });
        return;
      case 'late':
        this.#options.onNotice(this, `not ready after ${finding.after / 1000} s: ${finding.problem}`);
        return;
      case 'deadline': {
        const message = `not ready after ${finding.after / 1000} s: ${finding.problem}`;
        const hint = `see "portramp logs ${this.name}", or raise ready.timeout`;
        this.dispatch({ type: 'deadline', cause: { message, hint } });
        return;
      }
    }
  }
}

function policyOf({ service, ports }: ResolvedService): Policy {
  // Whether a container starts again is said in the Compose file.
  if (service.kind === 'compose') return { restart: 'no', max: 0, mayEnd: ports.length === 0 };
  if (service.kind !== 'process') return { restart: 'no', max: 0, mayEnd: true };
  const { policy, max } = service.restart;
  return { restart: policy, max, mayEnd: ports.length === 0 };
}
