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
import { createQueue } from '../lib/queue.ts';
import type {
  CommandAnswer,
  Finding,
  PublishedService,
  RunnerCommand,
  StackKey,
  StackSnapshot,
} from '../protocol/messages.ts';
import { startWatchdog, type Watchdog } from '../runtime/watchdog/watchdog.ts';
import { changeStack } from './change.ts';
import { obey } from './commands.ts';
import type { RunnerEvent } from './events.ts';
import { askHolders, launch } from './launch.ts';
import { createLogStore, type LogStore } from './logs/store.ts';
import { createNumbers, type Numbers } from './numbers.ts';
import { prepareStack, type PreparedStack } from './prepare.ts';
import { reactTo } from './react.ts';
import { describeRefusal } from './refusal.ts';
import { createRefusalTeller } from './refused-hosts.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import { publishService, takeSnapshot } from './snapshot.ts';
import { selectOrThrow, Supervision } from './supervision.ts';
import type { Unit } from './unit.ts';
import { viewUnit } from './view.ts';
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

export const createRunner = (options: RunnerOptions): Runner => new StackRunner(options);

class StackRunner implements Runner {
  readonly events = new Emitter<RunnerEvent>();
  readonly ended: Promise<void>;

  readonly #options: RunnerOptions;
  readonly #runId = randomBytes(6).toString('hex');
  #resolveEnded: () => void = () => undefined;
  /** Edits of the contract and moves of numbers, one after the other. */
  readonly #inTurn = createQueue();
  #session: Session | undefined;
  #numbers: Numbers | undefined;
  #prepared: PreparedStack | undefined;
  #supervision: Supervision | undefined;
  #logs: LogStore | undefined;
  #watchdog: Watchdog | undefined;
  #watch: FileWatch | undefined;
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
    const tellRefusals = createRefusalTeller();
    const session = await openSession({
      connect,
      clock,
      pid: process.pid,
      onCommand: (command) => this.#command(command),
      onNotice: (text) => this.events.emit({ type: 'notice', text }),
      onFindings: (findings) => findings.forEach((finding) => this.#react(finding)),
      onPublished: (answer) => {
        for (const text of tellRefusals(answer)) this.events.emit({ type: 'notice', text });
      },
      onRegistered: ({ stack, front }) => {
        // Host names and their port are in the environment of services.
        const last = this.#prepared;
        const isSame = last?.front.http === front.http && last?.stack.slug === stack.slug;
        if (!isSame || this.#problems.length > 0) this.#watch?.check();
      },
    });
    this.#session = session;
    this.#numbers = createNumbers({
      session,
      prepared: () => this.#prepared,
      adopt: (next, moved) => this.#adopt(next, moved),
      onEvent: (event) => this.events.emit(event),
    });
    const prepared = await this.#prepare(session);
    const wanted = new Set(selectOrThrow(prepared.plan, selection));
    await session.attach(prepared.stack, prepared.leases);
    this.#prepared = prepared;
    const logs = createLogStore({ folder: join(home.logs, prepared.stack.slug), clock });
    this.#logs = logs;
    logs.lines.on((line) => this.events.emit({ type: 'line', line }));
    this.#watchdog = startWatchdog({ runId: this.#runId, clock });
    const supervision = this.#createSupervision(session, logs, this.#watchdog);
    this.#supervision = supervision;
    this.#watch = watchFiles({ clock, onChange: () => this.#inTurn(() => this.#reload()) });
    await this.#watch.follow(prepared.files);
    for (const text of prepared.notices) this.events.emit({ type: 'notice', text });
    supervision.start(prepared.services, wanted);
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
    await this.#watchdog?.close();
    await this.#logs?.close();
    this.#session?.close();
    this.#resolveEnded();
  }

  #prepare(session: Session): Promise<PreparedStack> {
    const { root, environment, ambient } = this.#options;
    const followed = this.#numbers?.followed ?? new Map();
    return prepareStack({
      key: { root, environment },
      client: session,
      ambient,
      held: this.#held(),
      followed,
    });
  }

  #held() {
    if (this.#prepared === undefined) return undefined;
    const { stack, leases } = this.#prepared;
    return { slug: stack.slug, index: stack.index, leases: [...leases] };
  }

  #createSupervision(session: Session, logs: LogStore, watchdog: Watchdog): Supervision {
    const { clock, ambient, color } = this.#options;
    return new Supervision({
      clock,
      logs,
      launch: (unit, generation, onOutput) =>
        launch({
          service: () => unit.resolved,
          reassign: (port, holder) =>
            this.#inTurn(async () => this.#numbers?.reassign(unit.name, port, holder) ?? false),
          ambient,
          color,
          holdersOf: (port) => askHolders(session, port),
          onOutput,
          marker: `${this.#runId}.${unit.name}.${generation}`,
        }),
      onSpawn: (pid) => watchdog.add(pid),
      onExit: (pid) => watchdog.remove(pid),
      onNotice: (unit, text) => this.#tell(unit, text),
      onChange: (unit) => this.#publish(unit),
      onSettled: () => void this.#settle(session),
    });
  }

  #react(finding: Finding): void {
    const unit = this.#supervision?.units.find(({ instance }) => instance?.marker === finding.marker);
    if (unit === undefined) return;
    reactTo(finding, unit, {
      tell: (text) => this.#tell(unit, text),
      follow: (port, number) =>
        this.#inTurn(async () => {
          this.#numbers?.follow(unit.name, port, number);
          unit.retarget();
        }),
    });
  }

  /** Among the lines of the service, and to whoever watches. */
  #tell(unit: Unit, text: string): void {
    this.#logs?.note(unit.name, text);
    this.events.emit({ type: 'notice', text, service: unit.name });
  }

  /** Takes over new numbers; consumers start again, the service whose port it is goes on. */
  #adopt(next: PreparedStack, moved: string): void {
    const supervision = this.#supervision;
    const last = this.#prepared;
    if (supervision === undefined || last === undefined || this.#stopping !== undefined) return;
    this.#prepared = next;
    this.#session?.hold(next.leases);
    changeStack(supervision, last, next, { wanted: supervision.wanted, spared: moved });
    void this.#session?.publish(this.#snapshot());
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
      const known = new Set(last.notices);
      for (const text of next.notices) if (!known.has(text)) this.events.emit({ type: 'notice', text });
      const changes = changeStack(supervision, last, next, { wanted });
      if (changes.length > 0 || this.#problems.length > 0) this.events.emit({ type: 'applied', changes });
      this.#problems = [];
      await this.#watch?.follow(next.files);
      await session.publish(this.#snapshot());
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    this.#problems = describeRefusal(error, this.#options.root);
    this.events.emit(
      error instanceof ContractError
        ? { type: 'refused', diagnostics: error.diagnostics }
        : { type: 'notice', text: this.#problems.join() },
    );
    void this.#session?.publish(this.#snapshot());
  }

  async #command(command: RunnerCommand): Promise<CommandAnswer> {
    const supervision = this.#supervision;
    const prepared = this.#prepared;
    if (supervision === undefined || prepared === undefined) return { message: 'the stack is just starting' };
    return obey(
      {
        supervision,
        plan: prepared.plan,
        clock: this.#options.clock,
        publish: async () => this.#session?.publish(this.#snapshot()),
        stop: () => void this.stop({ now: false }),
      },
      command,
    );
  }

  #publish(unit: Unit): void {
    this.events.emit({ type: 'service', service: publishService(viewUnit(unit, this.#logs)) });
    void this.#session?.publish(this.#snapshot());
  }

  #snapshot(): StackSnapshot {
    const services = (this.#supervision?.units ?? []).map((unit) => viewUnit(unit, this.#logs));
    return takeSnapshot(services, this.#problems);
  }

  #publishedServices(): PublishedService[] {
    return (this.#supervision?.units ?? []).map((unit) => publishService(viewUnit(unit, this.#logs)));
  }
}
