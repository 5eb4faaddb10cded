/** One replica of a service: the process, probe and timer that its state asks for. What happens is in `service.ts`. */
import { stripVTControlCharacters } from 'node:util';

import { messageOf, PortrampError } from '../lib/errors.ts';
import { isEqual } from '../plan/equal.ts';
import type { ResolvedService } from '../plan/plan.ts';
import type { Sighting } from '../protocol/messages.ts';
import type { Exit, Instance, StartResult } from '../runtime/instance.ts';
import { describeStart } from './logs/line.ts';
import { stampBefore, stampSince } from './readiness/stamp.ts';
import type { StartHistory } from './readiness/starts.ts';
import { watchReadiness } from './readiness/watch.ts';
import type { Finding, ReadinessWatch } from './readiness/watch-options.ts';
import { describeDeadline, foundBy, namesNumber } from './readiness/words.ts';
import type { LogSource } from './logs/store.ts';
import type { ReplicaOptions } from './replica-options.ts';
import type { Effect, End } from './service.ts';

/** What tells it from others of the service in the logs; undefined where there is one. */
const replicaIn = (launched: ResolvedService | undefined, slot: number): number | undefined =>
  launched?.service.kind === 'process' && launched.service.replicas > 1 ? slot : undefined;

/** Last lines of its log that say something of an instance: what it is ready by, or the number that it opened. */
const PRINTED = 100;

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
  /** Wall time. */
  #startedAt = 0;
  #watch: ReadinessWatch | undefined;
  /** Whether something of the instance's own listens, by port; absent: nobody has looked. */
  #listening = new Map<string, boolean>();
  /** What is known of how it starts. */
  #history: StartHistory | undefined;
  #verdict: Finding['kind'] = 'starting';
  #cancelRetry: (() => void) | undefined;
  /** Tells of the end of a process that is being explained. */
  #tellEnd: ((more?: Partial<End>) => void) | undefined;
  #killed = false;
  /** Whether the process that was launched last has been called ready. */
  #wasReady = false;

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

  get listening(): ReadonlyMap<string, boolean> {
    return this.#listening;
  }

  /** The daemon has looked at the listeners of the instance; undefined: no daemon looks any more. */
  see(sighting: Sighting | undefined): void {
    this.#watch?.see(sighting);
  }

  /** The contract may say something else about the instance now. */
  judge(): void {
    this.#watch?.judge();
  }

  /** The contract says something else now about when such an instance is ready: that counts for this one too. */
  async redeclare({ service: next }: ResolvedService): Promise<void> {
    const { launched } = this;
    if (launched === undefined || !('ready' in next) || !('ready' in launched.service)) return;
    const { ready } = next;
    if (isEqual(launched.service.ready, ready)) return;
    const now = { ...launched, service: { ...launched.service, ready } };
    this.launched = now;
    const watch = this.#watch;
    const stamp = await stampSince(now, this.#startedAt);
    this.#stamp = stamp;
    if (this.launched === now && this.#watch === watch) watch?.redeclare({ ready, stamp });
  }

  /** Looks anew whether it is ready, after its ports changed. */
  retarget(service: ResolvedService): void {
    this.launched = service;
    this.#watch?.retarget(service.ports);
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
        this.#listening = new Map();
        return;
      case 'terminate':
        void this.#terminate();
        return;
      case 'retry-after': {
        const { clock, onRetry, onEvent } = this.#options;
        onRetry();
        this.#cancelRetry = clock.after(effect.ms, () => onEvent({ type: 'retry' }));
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
    const { service, slot, logs, launch, next, onEvent, onSpawn } = this.#options;
    const launching = next();
    this.launched = launching.service();
    this.lastLook = undefined;
    this.#wasReady = false;
    const source = { service, replica: replicaIn(this.launched, slot), launch: launching.generation };
    this.#source = source;
    this.#startedAt = this.#options.clock.wallTime();
    this.#stamp = await stampBefore(this.launched);
    const result = await launch({
      ...launching,
      onOutput: (stream, chunk) => logs.write(source, stream, chunk),
    }).catch((error: unknown): StartResult => ({ ok: false, failure: { message: messageOf(error) } }));
    this.launched = launching.service();
    if ('skipped' in result) {
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
    const isProcess = this.launched.service.kind === 'process';
    if (isProcess) onSpawn(instance.pid);
    logs.note(source, describeStart(isProcess ? instance.pid : undefined));
    void instance.exited.then((exit) => this.#afterExit(instance, exit));
    onEvent({ type: 'spawned', pid: instance.pid });
  }

  #afterExit(instance: Instance, { code, signal, why, left }: Exit): void {
    const { logs, onExit } = this.#options;
    const source = this.#source;
    this.#instance = undefined;
    // Nothing is ready that has ended, whatever answers in its place or is read of its last words.
    this.#watch?.end();
    this.#watch = undefined;
    onExit(instance.pid);
    logs.flush(source);
    const ended = signal === null ? `exited with code ${code ?? '?'}` : `ended by ${signal}`;
    logs.note(source, why?.message ?? ended);
    const exitCode = code ?? (why === undefined ? 1 : undefined);
    this.#explain({
      ...(exitCode === undefined || signal !== null ? {} : { exitCode }),
      ...(signal === null ? {} : { signal }),
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
    const hasFailed = end.why === undefined && (end.exitCode ?? 0) !== 0;
    const { launch = 0 } = this.#source;
    const [launched, wasReady] = [this.launched, this.#wasReady];
    const explained =
      hasFailed && launched !== undefined ? explainEnd({ launched, launch, wasReady }) : undefined;
    if (explained === undefined) tell();
    else void explained.catch(() => undefined).then(tell);
  }

  async #terminate(): Promise<void> {
    const instance = this.#instance;
    const launched = this.launched;
    // Why it ended is nothing to whoever stops it; the event comes after the step that asks for this.
    if (instance === undefined) return queueMicrotask(() => this.#tellEnd?.());
    if (launched === undefined || launched.service.kind === 'external') return;
    if (!this.#killed) await this.#options.drain(launched);
    if (this.#killed) instance.kill();
    else instance.stop(launched.service.stop);
  }

  /** Whoever is told that it is ready may dial it at once. */
  async #becomeReady(): Promise<void> {
    const { clock, open, onEvent } = this.#options;
    const probing = this.#watch;
    const launched = this.launched;
    try {
      const opening = launched && open(launched);
      if (opening !== undefined) await opening;
    } catch (error) {
      const hint = error instanceof PortrampError ? error.hint : undefined;
      if (this.#watch === probing) onEvent({ type: 'ghost', cause: { message: messageOf(error), hint } });
      return;
    }
    // What leads to it took a moment to open.
    if (this.#watch !== probing || this.#verdict !== 'ready') return;
    this.#wasReady = true;
    onEvent({ type: 'ready', now: clock.now() });
  }

  #probe(): void {
    const { service: name, clock, logs, lookAt, onListening, follows, onFollow } = this.#options;
    const service = this.launched?.service;
    if (this.launched === undefined || (service?.kind !== 'process' && service?.kind !== 'compose')) return;
    const { launch } = this.#source;
    this.#listening = new Map();
    const history = this.#options.starts.begin(this.launched);
    this.#history = history;
    this.#watch = watchReadiness({
      ready: service.ready,
      usual: service.kind === 'compose' ? lookAt(this.launched) : undefined,
      ports: this.launched.ports,
      dir: this.launched.dir,
      stamp: this.#stamp,
      run: async (command, options) =>
        this.#instance === undefined ? 'it has ended' : this.#instance.aside(command, options),
      family:
        service.kind === 'process' ? async (age) => (await this.#instance?.family(age)) ?? [] : undefined,
      stopped: service.kind === 'process' ? async () => this.#instance?.stopped() : undefined,
      clock,
      onLine: (listener) =>
        logs.lines.on((line) => {
          // Colours must not come between the words of a pattern.
          if (line.service === name && line.launch === launch && line.stream !== 'portramp')
            listener(stripVTControlCharacters(line.text));
        }),
      printed: () => logs.tail(name, PRINTED, launch).map((text) => stripVTControlCharacters(text)),
      onFinding: (finding) => {
        history.learn(finding, [...this.#listening.values()].includes(true));
        this.#onFinding(finding);
      },
      onLook: (problem) => {
        this.lastLook = { problem, at: clock.now() };
      },
      follows,
      patience: history.patience,
      mentions: (number) => namesNumber(logs.tail(name, PRINTED, launch), number),
      onFollow,
      onListening: (port, listens) => {
        if (this.#listening.get(port) === listens) return;
        this.#listening = new Map(this.#listening).set(port, listens);
        onListening();
      },
    });
  }

  #onFinding(finding: Finding): void {
    const { service: name, onEvent, onLate } = this.#options;
    if (finding.kind !== 'late') this.#verdict = finding.kind;
    switch (finding.kind) {
      case 'ready':
        void this.#becomeReady();
        return;
      case 'starting':
      case 'silent':
      case 'misplaced':
        onEvent({
          type: 'found',
          found: this.launched && foundBy(finding, this.launched, this.#history?.took()),
        });
        return;
      case 'unwell':
        onEvent({ type: 'unwell', problem: finding.problem, hint: finding.hint });
        return;
      case 'late':
        onLate(finding);
        return;
      case 'deadline':
        onEvent({ type: 'deadline', cause: describeDeadline(finding, name) });
        return;
    }
  }
}
