/** One replica of a service: the process, probe and timer that its state asks for. What happens is in `service.ts`. */
import { messageOf } from '../lib/errors.ts';
import { isEqual } from '../plan/equal.ts';
import type { ResolvedService } from '../plan/plan.ts';
import type { Sighting } from '../protocol/messages.ts';
import type { Exit, Instance, StartResult } from '../runtime/instance.ts';
import { STEADY } from './exit.ts';
import { watchInstance, type InstanceWatch } from './instance-watch.ts';
import { describeStart } from './logs/line.ts';
import type { LogSource } from './logs/store.ts';
import { stampBefore, stampSince } from './readiness/stamp.ts';
import type { ReplicaOptions } from './replica-options.ts';
import type { Effect, End } from './service.ts';

/** What tells it from others of the service in the logs; undefined where there is one. */
const replicaIn = (launched: ResolvedService | undefined, slot: number): number | undefined =>
  launched?.service.kind === 'process' && launched.service.replicas > 1 ? slot : undefined;

/** Of what is not watched. */
const NOBODY_LOOKED: ReadonlyMap<string, boolean> = new Map();

export class ReplicaShell {
  /** What the process was started with; undefined before its first start. */
  launched: ResolvedService | undefined;
  /** What the last look at the instance said, and when it was. */
  lastLook: { readonly problem: string | undefined; readonly at: number } | undefined;

  readonly #options: ReplicaOptions;
  #instance: Instance | undefined;
  /** The source of the lines of the process that was launched last. */
  #source: LogSource;
  #stamp: string | undefined;
  /** Wall time, before the start. */
  #startedAt = 0;
  /** Milliseconds of the clock, when the process was there. */
  #begun = 0;
  /** Milliseconds that the process that was launched last ran. */
  #took = 0;
  /** The same of the attempt before it, where that failed. */
  #failedAfter: number | undefined;
  /** Has ended, and says what it knew, where the process has. */
  #watch: InstanceWatch | undefined;
  #cancelRetry: (() => void) | undefined;
  /** Tells of the end of a process that is being explained. */
  #tellEnd: ((more?: Partial<End>) => void) | undefined;
  #killed = false;
  /** Whether the process that was launched last was told to end. */
  #isStopped = false;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#source = { service: options.service };
  }

  /** What runs now. */
  get instance(): Instance | undefined {
    return this.#instance;
  }

  /** Which launch of the service its last process was. */
  get launch(): number | undefined {
    return this.#source.launch;
  }

  /** The watch on what runs; undefined where nothing does. */
  get #current(): InstanceWatch | undefined {
    return this.#instance && this.#watch;
  }

  get listening(): ReadonlyMap<string, boolean> {
    return this.#watch?.listening ?? NOBODY_LOOKED;
  }

  /** The daemon has looked at the listeners of the instance; undefined: no daemon looks any more. */
  see(sighting: Sighting | undefined): void {
    this.#current?.see(sighting);
  }

  /** The contract may say something else about the instance now. */
  judge(): void {
    this.#current?.judge();
  }

  /** The contract says something else now about when such an instance is ready: that counts for this one too. */
  async redeclare({ service: next }: ResolvedService): Promise<void> {
    const { launched } = this;
    if (launched === undefined || !('ready' in next) || !('ready' in launched.service)) return;
    const { ready } = next;
    if (isEqual(launched.service.ready, ready)) return;
    const now = { ...launched, service: { ...launched.service, ready } };
    this.launched = now;
    const watch = this.#current;
    const stamp = await stampSince(now, this.#startedAt);
    this.#stamp = stamp;
    if (this.launched === now && this.#current === watch) watch?.redeclare({ ready, stamp });
  }

  /** Looks anew whether it is ready, after its ports changed. */
  retarget(service: ResolvedService): void {
    this.launched = service;
    this.#current?.retarget(service.ports);
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'spawn':
        void this.#spawn();
        return;
      case 'probe':
        this.#probe();
        return;
      case 'end-probe':
        this.#watch?.end();
        this.#watch = undefined;
        return;
      case 'terminate':
        void this.#terminate();
        return;
      case 'retry-after': {
        const { clock, onRetry, onEvent } = this.#options;
        onRetry();
        this.#cancelRetry = clock.after(effect.ms, () => {
          if (this.#took < STEADY) this.#failedAfter = this.#took;
          onEvent({ type: 'retry' });
        });
        return;
      }
      case 'cancel-retry':
        this.#cancelRetry?.();
        return;
    }
  }

  /** What runs is killed at once, also what is just being spawned or drained. */
  kill(): void {
    this.#killed = true;
    this.#instance?.kill();
    this.#tellEnd?.();
  }

  async #spawn(): Promise<void> {
    const { service, slot, clock, logs, launch, next, onEvent, onEnd, onSpawn } = this.#options;
    const launching = next();
    this.launched = launching.service();
    this.lastLook = undefined;
    this.#isStopped = false;
    const source = { service, replica: replicaIn(this.launched, slot), launch: launching.generation };
    this.#source = source;
    this.#startedAt = clock.wallTime();
    this.#stamp = await stampBefore(this.launched);
    const result = await launch({
      ...launching,
      onOutput: (stream, chunk) => logs.write(source, stream, chunk),
    }).catch((error: unknown): StartResult => ({ ok: false, failure: { message: messageOf(error) } }));
    this.launched = launching.service();
    this.#begun = clock.now();
    if ('skipped' in result) {
      onEnd({ at: this.#begun, skipped: true });
      logs.note(source, 'nothing to do: its inputs are those of its last success');
      onEvent({ type: 'skipped' });
      return;
    }
    if (!result.ok) {
      logs.note(source, result.failure.message);
      onEvent({ type: 'spawn-failed', cause: result.failure });
      return;
    }
    const { instance } = result;
    this.#instance = instance;
    const isProcess = this.launched.service.kind !== 'compose';
    if (isProcess) onSpawn(instance.pid);
    logs.note(source, describeStart(isProcess ? instance.pid : undefined));
    void instance.exited.then((exit) => this.#afterExit(instance, exit));
    onEvent({ type: 'spawned', pid: instance.pid });
  }

  #afterExit(instance: Instance, { code, signal, why, left }: Exit): void {
    const { clock, logs, onEnd, onExit } = this.#options;
    const source = this.#source;
    this.#instance = undefined;
    // Nothing is ready that has ended, whatever answers in its place or is read of its last words.
    this.#watch?.end();
    onExit(instance.pid);
    logs.flush(source);
    const ended = signal === null ? `exited with code ${code ?? '?'}` : `ended by ${signal}`;
    logs.note(source, why?.message ?? ended);
    const exitCode = code ?? (why === undefined ? 1 : undefined);
    const how = {
      ...(exitCode === undefined || signal !== null ? {} : { exitCode }),
      ...(signal === null ? {} : { signal }),
    };
    this.#took = clock.now() - this.#begun;
    this.#failedAfter = undefined;
    onEnd({ at: clock.now(), took: this.#took, ...how });
    this.#explain({
      ...how,
      ...(why === undefined ? {} : { why }),
      ...(left === undefined ? {} : { left }),
    });
  }

  /** Tells of the end, with what there is to know about it. */
  #explain(end: End): void {
    const { clock, explainEnd, onEvent } = this.#options;
    const tell = (more: Partial<End> = {}): void => {
      if (this.#tellEnd !== tell) return;
      this.#tellEnd = undefined;
      onEvent({ type: 'exited', end: { ...end, ...more }, now: clock.now() });
    };
    this.#tellEnd = tell;
    const { exitCode } = end;
    // What a signal ended says nothing; what ran on after it is known, and was ended. Whoever stops it does not ask.
    const isOpen = end.why === undefined && end.left !== true && !this.#isStopped;
    const { launch = 0 } = this.#source;
    const { launched } = this;
    const wasReady = this.#watch?.wasReady ?? false;
    const explained =
      isOpen && launched !== undefined && exitCode !== undefined
        ? explainEnd({ launched, launch, wasReady, exitCode })
        : undefined;
    if (explained === undefined) tell();
    else void explained.catch(() => undefined).then(tell);
  }

  async #terminate(): Promise<void> {
    const instance = this.#instance;
    const launched = this.launched;
    this.#isStopped = true;
    // Why it ended is nothing to whoever stops it; the event comes after the step that asks for this.
    if (instance === undefined) return queueMicrotask(() => this.#tellEnd?.());
    if (launched === undefined || launched.service.kind === 'external') return;
    if (!this.#killed) await this.#options.drain(launched);
    if (this.#killed) instance.kill();
    else instance.stop(launched.service.stop);
  }

  #probe(): void {
    const instance = this.#instance;
    const { launched } = this;
    if (instance === undefined || launched === undefined) return;
    this.#watch = watchInstance({
      ...this.#options,
      instance,
      launched: () => this.launched ?? launched,
      launch: this.launch,
      stamp: this.#stamp,
      failedAfter: this.#failedAfter,
      onLook: (problem) => {
        this.lastLook = { problem, at: this.#options.clock.now() };
      },
    });
  }
}
