/**
 * The runner: one stack of one checkout, from its contract to its processes. It owns the session with the
 * daemon, the log files, the watchdog, the watch on the contract, and the units.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { ContractError } from '../contract/contract-error.ts';
import type { Clock } from '../lib/clock.ts';
import { Emitter } from '../lib/emitter.ts';
import type { Home } from '../lib/home.ts';
import { diffServices } from '../plan/diff.ts';
import type { PublishedService, RunnerCommand, StackKey, StackSnapshot } from '../protocol/messages.ts';
import { startWatchdog, type Watchdog } from '../runtime/watchdog/watchdog.ts';
import { carryOut, CHANGES, type CommandAnswer } from './commands.ts';
import type { RunnerEvent } from './events.ts';
import { launch } from './launch.ts';
import { createLogStore, type LogStore } from './logs/store.ts';
import { createHttpProxyEngine } from '../proxy/engine/http-proxy/http-proxy.ts';
import { createReach, type Reach } from './ramp/reach.ts';
import { prepareStack, type PreparedStack } from './prepare.ts';
import { explainRefusal } from './refusal.ts';
import { reconcile } from './reconcile.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import { publishService, takeSnapshot, type ServiceView } from './snapshot.ts';
import { selectOrThrow, Supervision } from './supervision.ts';
import type { Unit } from './unit.ts';
import { watchFiles, type FileWatch } from './watch.ts';

export interface RunnerOptions extends StackKey {
  /** Services and groups to run; empty: the default ones. */
  readonly selection: readonly string[];
  readonly connect: SessionOptions['connect'];
  readonly home: Home;
  readonly clock: Clock;
  /** Whether what services print reaches a terminal with colours. */
  readonly color: boolean;
  /** The shell's environment. */
  readonly ambient: Readonly<Record<string, string | undefined>>;
}

export interface Runner {
  readonly events: Emitter<RunnerEvent>;
  /**
   * Resolves when the first services start.
   * @throws ContractError, or PortrampError STACK_RUNNING, UNKNOWN_NAME, NO_FREE_PORT, DAEMON_UNREACHABLE …
   */
  start(): Promise<void>;
  /** Stops everything in order, or at once; resolves when nothing of the stack is left. */
  stop(options: { readonly now: boolean }): Promise<void>;
  /** Resolves when the runner has stopped, whoever asked for it. */
  readonly ended: Promise<void>;
}

/** Lines of a failed service that are shown where it is explained. */
const FAILURE_LINES = 20;

export const createRunner = (options: RunnerOptions): Runner => new StackRunner(options);

class StackRunner implements Runner {
  readonly events = new Emitter<RunnerEvent>();
  readonly ended: Promise<void>;

  readonly #options: RunnerOptions;
  readonly #runId = randomBytes(6).toString('hex');
  #resolveEnded: () => void = () => undefined;
  #session: Session | undefined;
  #prepared: PreparedStack | undefined;
  #supervision: Supervision | undefined;
  #logs: LogStore | undefined;
  #watchdog: Watchdog | undefined;
  #watch: FileWatch | undefined;
  #reach: Reach | undefined;
  readonly #scales = new Map<string, number>();
  #stopping: Promise<void> | undefined;
  /** Why the last edit of the contract was not applied. */
  #problems: readonly string[] = [];

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { clock, connect, home, selection, root } = this.#options;
    const session = await openSession({
      connect,
      clock,
      pid: process.pid,
      onCommand: (command) => this.#command(command),
      onNotice: (text) => this.events.emit({ type: 'notice', text }),
      onRegistered: ({ stack, front }) => {
        // Host names and their port are in the environment of services.
        const last = this.#prepared;
        const isSame = last?.front.http === front.http && last?.stack.slug === stack.slug;
        if (!isSame || this.#problems.length > 0) this.#watch?.check();
      },
    });
    this.#session = session;
    const prepared = await this.#prepare(session);
    const wanted = new Set(selectOrThrow(prepared.plan, selection));
    await session.attach(prepared.stack, prepared.leases);
    this.#prepared = prepared;
    const logs = createLogStore({ folder: join(home.logs, prepared.stack.slug), clock });
    this.#logs = logs;
    logs.lines.on((line) => this.events.emit({ type: 'line', line }));
    this.#watchdog = startWatchdog({ runId: this.#runId, clock });
    const reach = this.#createReach(session);
    this.#reach = reach;
    const supervision = this.#createSupervision({ session, logs, watchdog: this.#watchdog, reach });
    this.#supervision = supervision;
    this.#watch = watchFiles({ clock, onChange: () => this.#reload() });
    await this.#watch.follow(prepared.files);
    for (const text of prepared.notices) this.events.emit({ type: 'notice', text });
    supervision.start(prepared, wanted);
    this.events.emit({
      type: 'prepared',
      slug: prepared.stack.slug,
      root,
      services: this.#publishedServices(),
    });
    await session.publish(this.#snapshot());
  }

  stop({ now }: { readonly now: boolean }): Promise<void> {
    const down = this.#supervision?.shutDown(now) ?? Promise.resolve();
    this.#stopping ??= down.then(() => this.#close());
    return this.#stopping;
  }

  async #close(): Promise<void> {
    await this.#watch?.close();
    await this.#reach?.close();
    await this.#watchdog?.close();
    await this.#logs?.close();
    this.#session?.close();
    this.#resolveEnded();
  }

  #prepare(session: Session): Promise<PreparedStack> {
    const { root, environment, ambient } = this.#options;
    return prepareStack({
      key: { root, environment },
      client: session,
      ambient,
      held: this.#held(),
      scales: this.#scales,
    });
  }

  #held() {
    if (this.#prepared === undefined) return undefined;
    const { stack, leases } = this.#prepared;
    return { slug: stack.slug, index: stack.index, leases: [...leases] };
  }

  #createReach(session: Session): Reach {
    return createReach({
      clock: this.#options.clock,
      engine: createHttpProxyEngine(),
      session,
      publish: () => session.publish(this.#snapshot()),
      wake: (service) => this.#supervision?.wake(service),
      rest: (service) => this.#supervision?.rest(service),
      onNotice: (service, text) => this.events.emit({ type: 'notice', text, service }),
    });
  }

  #createSupervision({ session, logs, watchdog, reach }: Parts): Supervision {
    const { clock, ambient, color } = this.#options;
    const holdersOf = async (port: number) => {
      // Without a daemon for the moment nobody can tell; the service will find out itself.
      const answer = await session.request('holder', { port }).catch(() => undefined);
      return answer === undefined ? undefined : answer.free ? [] : nonEmpty(answer.holders);
    };
    return new Supervision({
      clock,
      logs,
      open: (launched) => reach.open(launched),
      drain: (drain) => reach.drain(drain),
      launch: ({ service, generation, onOutput }) =>
        launch({
          service,
          ambient,
          color,
          holdersOf,
          onOutput,
          marker: `${this.#runId}.${service.name}.${generation}`,
        }),
      onSpawn: (pid) => watchdog.add(pid),
      onExit: (pid) => watchdog.remove(pid),
      onNotice: (unit, text) => {
        logs.note(unit.name, text);
        this.events.emit({ type: 'notice', text, service: unit.name });
      },
      onChange: (unit) => this.#publish(unit),
      onSettled: () => void this.#settle(session),
    });
  }

  /** Told when the daemon knows it too: whoever hears of it may ask the daemon. */
  async #settle(session: Session): Promise<void> {
    await session.publish(this.#snapshot());
    this.events.emit({ type: 'settled', services: this.#publishedServices() });
  }

  /** Runs after an edit of what the stack was made from; never throws. */
  async #reload(): Promise<void> {
    const session = this.#session;
    const supervision = this.#supervision;
    const last = this.#prepared;
    if (session === undefined || supervision === undefined || last === undefined) return;
    if (this.#stopping !== undefined) return;
    try {
      const next = await this.#prepare(session);
      const wanted = new Set(selectOrThrow(next.plan, this.#options.selection));
      if (this.#stopping !== undefined) return;
      this.#prepared = next;
      session.hold(next.leases);
      const changes = diffServices(last.services, next.services);
      const actions = reconcile({
        changes,
        stateOf: (name) => supervision.find(name)?.state,
        wanted: supervision.wanted,
        wantedNow: wanted,
      });
      supervision.apply(actions, next, wanted);
      this.#reach?.keep(new Set(supervision.units.map((unit) => unit.name)));
      if (changes.length > 0 || this.#problems.length > 0) this.events.emit({ type: 'applied', changes });
      this.#problems = [];
      await this.#watch?.follow(next.files);
      await session.publish(this.#snapshot());
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    this.#problems = explainRefusal(error, this.#options.root);
    if (error instanceof ContractError) {
      this.events.emit({ type: 'refused', diagnostics: error.diagnostics });
    } else this.events.emit({ type: 'notice', text: this.#problems.join() });
    void this.#session?.publish(this.#snapshot());
  }

  async #command(command: RunnerCommand): Promise<CommandAnswer> {
    const supervision = this.#supervision;
    const plan = this.#prepared?.plan;
    if (supervision === undefined || plan === undefined) return { message: 'the stack is just starting' };
    const answer = carryOut(command, {
      supervision,
      plan,
      scale: (service, replicas) => {
        this.#scales.set(service, replicas);
        this.#watch?.check();
      },
      // The answer must leave before the session closes.
      stop: () => void setImmediate(() => void this.stop({ now: false })),
    });
    if (CHANGES.includes(command.action)) await this.#session?.publish(this.#snapshot());
    return answer;
  }

  #publish(unit: Unit): void {
    this.#reach?.follow(unit);
    this.events.emit({ type: 'service', service: publishService(this.#view(unit)) });
    void this.#session?.publish(this.#snapshot());
  }

  #snapshot(): StackSnapshot {
    const services = (this.#supervision?.units ?? []).map((unit) => this.#view(unit));
    return takeSnapshot(services, this.#problems);
  }

  #publishedServices(): PublishedService[] {
    return (this.#supervision?.units ?? []).map((unit) => publishService(this.#view(unit)));
  }

  #view(unit: Unit): ServiceView {
    const { name, resolved, state, restarts, waitingFor, armed, targets, instances } = unit;
    const isBad = state.state === 'failed' || state.state === 'backoff' || state.state === 'unwell';
    const log = isBad ? (this.#logs?.tail(name, FAILURE_LINES) ?? []) : [];
    return { resolved, state, restarts, waitingFor, log, armed, targets, instances };
  }
}

interface Parts {
  readonly session: Session;
  readonly logs: LogStore;
  readonly watchdog: Watchdog;
  readonly reach: Reach;
}

/** A port that is not free is held by somebody, even if the system does not say by whom. */
const nonEmpty = <T extends object>(holders: readonly T[]): readonly (T | object)[] =>
  holders.length === 0 ? [{}] : holders;
