/**
 * The runner: one stack of one checkout, from its contract to its processes. It owns the session with the
 * daemon, the log files, the watchdog, the watch on the contract, and the units.
 */

import { ContractError } from '../contract/contract-error.ts';
import type { Clock } from '../lib/clock.ts';
import { Emitter } from '../lib/emitter.ts';
import type { Home } from '../lib/home.ts';
import { diffServices } from '../plan/diff.ts';
import type { PublishedService, RunnerCommand, StackKey, StackSnapshot } from '../protocol/messages.ts';
import { carryOut, CHANGES, type CommandAnswer } from './commands.ts';
import type { RunnerEvent } from './events.ts';
import { closeParts, createSupervision, openParts, type Parts } from './parts.ts';
import { prepareStack, type PreparedStack } from './prepare.ts';
import { explainRefusal } from './refusal.ts';
import { reconcile } from './reconcile.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import { publishService, takeSnapshot, type ServiceView } from './snapshot.ts';
import { selectOrThrow, type Supervision } from './supervision.ts';
import type { Unit } from './unit.ts';
import { watchFiles, type FileWatch } from './watch/files.ts';
import { sourcesOf } from './watch/sources.ts';

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
  #resolveEnded: () => void = () => undefined;
  #session: Session | undefined;
  #prepared: PreparedStack | undefined;
  #supervision: Supervision | undefined;
  #watch: FileWatch | undefined;
  #parts: Parts | undefined;
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
    const { clock, connect, home, selection, root, environment } = this.#options;
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
    const parts = openParts({
      clock,
      home,
      session,
      key: { root, environment },
      slug: prepared.stack.slug,
      events: this.events,
      supervision: () => this.#supervision,
      publish: () => session.publish(this.#snapshot()),
    });
    this.#parts = parts;
    const supervision = createSupervision(parts, {
      ...this.#options,
      events: this.events,
      onChange: (unit) => this.#publish(unit),
      onSettled: () => void this.#settle(session),
    });
    this.#supervision = supervision;
    this.#watch = watchFiles({ clock, onChange: () => this.#reload() });
    await this.#watch.follow(prepared.files);
    await parts.sources.follow(sourcesOf(prepared.services));
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
    if (this.#parts !== undefined) await closeParts(this.#parts);
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
      this.#parts?.reach.keep(new Set(supervision.units.map((unit) => unit.name)));
      if (changes.length > 0 || this.#problems.length > 0) this.events.emit({ type: 'applied', changes });
      this.#problems = [];
      await this.#watch?.follow(next.files);
      await this.#parts?.sources.follow(sourcesOf(next.services));
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
    this.#parts?.reach.follow(unit);
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
    const log = isBad ? (this.#parts?.logs.tail(name, FAILURE_LINES) ?? []) : [];
    return { resolved, state, restarts, waitingFor, log, armed, targets, instances };
  }
}
