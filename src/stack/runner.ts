/**
 * The runner: one stack of one checkout, from its contract to its processes. It owns the session with the
 * daemon, the log files, the watchdog, the watch on the contract, and the units.
 */
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
import { chooseEngine } from '../proxy/engine/choose.ts';
import { changeStack } from './change.ts';
import { obey } from './commands.ts';
import type { RunnerEvent } from './events.ts';
import { createNumbers, type Numbers } from './numbers.ts';
import { closeParts, createSupervision, openParts, type Parts } from './parts.ts';
import { prepareStack, type PreparedStack } from './prepare.ts';
import { reactTo } from './react.ts';
import { describeRefusal } from './refusal.ts';
import { createRefusalTeller } from './refused-hosts.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import { publishService, takeSnapshot } from './snapshot.ts';
import { selectOrThrow, type Supervision } from './supervision.ts';
import type { Unit } from './unit.ts';
import { viewUnit } from './view.ts';
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
  /**
   * Stops everything in order, or at once; resolves when nothing of the stack is left. Containers run on, unless they
   * are to be removed.
   */
  stop(options: { readonly now: boolean; readonly remove?: boolean }): Promise<void>;
  /** Resolves when the runner has stopped, whoever asked for it. */
  readonly ended: Promise<void>;
}

export const createRunner = (options: RunnerOptions): Runner => new StackRunner(options);

class StackRunner implements Runner {
  readonly events = new Emitter<RunnerEvent>();
  readonly ended: Promise<void>;

  readonly #options: RunnerOptions;
  #resolveEnded: () => void = () => undefined;
  /** Settles when the start is over, whatever came of it. */
  #starting: Promise<void> = Promise.resolve();
  /** Edits of the contract and moves of numbers, one after the other. */
  readonly #inTurn = createQueue();
  #session: Session | undefined;
  #numbers: Numbers | undefined;
  #prepared: PreparedStack | undefined;
  #supervision: Supervision | undefined;
  #parts: Parts | undefined;
  readonly #scales = new Map<string, number>();
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
    const starting = this.#start();
    this.#starting = starting.catch(() => undefined);
    try {
      await starting;
    } catch (error) {
      await this.#close();
      // Who stopped it meanwhile does not want to hear how the start would have ended.
      if (this.#stopping === undefined) throw error;
    }
  }

  async #start(): Promise<void> {
    const { clock, connect, home, selection, root, environment } = this.#options;
    const tellRefusals = createRefusalTeller();
    const engine = await chooseEngine(process.env['PORTRAMP_ENGINE']);
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
    if (this.#stopping !== undefined) return;
    const readFrom = Date.now();
    const prepared = await this.#prepare(session);
    const wanted = new Set(selectOrThrow(prepared.plan, selection));
    if (this.#stopping !== undefined) return;
    await session.attach(prepared.stack, prepared.leases);
    this.#prepared = prepared;
    const parts = openParts({
      clock,
      engine,
      home,
      session,
      key: { root, environment },
      slug: prepared.stack.slug,
      events: this.events,
      supervision: () => this.#supervision,
      publish: () => session.publish(this.#snapshot()),
    });
    this.#parts = parts;
    await parts.containers.use(prepared);
    const supervision = createSupervision(parts, {
      ...this.#options,
      events: this.events,
      reassign: (service, port, holder) =>
        this.#inTurn(async () => this.#numbers?.reassign(service, port, holder) ?? false),
      onChange: (unit) => this.#publish(unit),
      onSettled: () => void this.#settle(),
    });
    this.#supervision = supervision;
    this.#watch = watchFiles({ clock, onChange: () => this.#inTurn(() => this.#reload()) });
    await this.#watch.follow(prepared.files, readFrom);
    await parts.sources.follow(sourcesOf(prepared.services));
    if (this.#stopping !== undefined) return;
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

  stop({ now, remove = false }: { readonly now: boolean; readonly remove?: boolean }): Promise<void> {
    if (this.#stopping === undefined) this.#stopping = this.#stop(now, remove);
    else if (now) void this.#supervision?.shutDown(true);
    return this.#stopping;
  }

  async #stop(now: boolean, remove: boolean): Promise<void> {
    // A start that is under way sees that it is not wanted any more, and starts no service.
    await this.#starting;
    if (!remove && this.#parts?.containers.letGo()) {
      this.events.emit({ type: 'notice', text: 'containers run on; "portramp down" removes them' });
    }
    await this.#supervision?.shutDown(now);
    const failure = remove ? await this.#parts?.containers.down() : undefined;
    if (failure !== undefined) {
      this.events.emit({ type: 'notice', text: `containers were not removed: ${failure.message}` });
    }
    await this.#close();
  }

  async #close(): Promise<void> {
    await this.#watch?.close();
    if (this.#parts !== undefined) await closeParts(this.#parts);
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
      scales: this.#scales,
    });
  }

  #held() {
    if (this.#prepared === undefined) return undefined;
    const { stack, leases } = this.#prepared;
    return { slug: stack.slug, index: stack.index, leases: [...leases] };
  }

  #react(finding: Finding): void {
    for (const unit of this.#supervision?.units ?? []) {
      const instance = unit.instances.find(({ process }) => process?.marker === finding.marker);
      if (instance === undefined) continue;
      reactTo(finding, unit, instance, {
        tell: (text) => this.#tell(unit, text),
        follow: (port, number) =>
          this.#inTurn(async () => {
            this.#numbers?.follow(unit.name, port, instance.slot, number);
            unit.retarget(instance.slot);
            this.#publish(unit);
          }),
      });
    }
  }

  /** Among the lines of the service, and to whoever watches. */
  #tell(unit: Unit, text: string): void {
    this.#parts?.logs.note(unit.name, text);
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
  async #settle(): Promise<void> {
    await this.#session?.publish(this.#snapshot());
    this.events.emit({ type: 'settled', services: this.#publishedServices() });
  }

  /** Runs after an edit of what the stack was made from; never throws. */
  async #reload(): Promise<void> {
    const session = this.#session;
    const supervision = this.#supervision;
    const last = this.#prepared;
    if (session === undefined || supervision === undefined || last === undefined) return;
    if (this.#stopping !== undefined) return;
    const readFrom = Date.now();
    try {
      const next = await this.#prepare(session);
      const wanted = new Set(selectOrThrow(next.plan, this.#options.selection));
      if (this.#stopping !== undefined) return;
      await this.#parts?.containers.use(next);
      this.#prepared = next;
      session.hold(next.leases);
      const known = new Set(last.notices);
      for (const text of next.notices) if (!known.has(text)) this.events.emit({ type: 'notice', text });
      const changes = changeStack(supervision, last, next, { wanted });
      this.#parts?.reach.keep(new Set(supervision.units.map((unit) => unit.name)));
      if (changes.length > 0 || this.#problems.length > 0) this.events.emit({ type: 'applied', changes });
      this.#problems = [];
      await this.#watch?.follow(next.files, readFrom);
      await this.#parts?.sources.follow(sourcesOf(next.services));
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
    const stop = (): void => void this.stop({ now: false, remove: true });
    if (supervision === undefined || prepared === undefined) {
      if (command.action === 'down') stop();
      return { message: 'the stack is just starting' };
    }
    return obey(
      {
        supervision,
        plan: prepared.plan,
        clock: this.#options.clock,
        publish: async () => this.#session?.publish(this.#snapshot()),
        stop,
        scale: (service, replicas) => {
          this.#scales.set(service, replicas);
          this.#watch?.check();
        },
      },
      command,
    );
  }

  #publish(unit: Unit): void {
    this.#parts?.containers.bridge(this.#supervision?.units ?? []);
    this.#parts?.reach.follow(unit);
    this.events.emit({ type: 'service', service: publishService(viewUnit(unit, this.#parts?.logs)) });
    void this.#session?.publish(this.#snapshot());
  }

  #snapshot(): StackSnapshot {
    const services = (this.#supervision?.units ?? []).map((unit) => viewUnit(unit, this.#parts?.logs));
    return takeSnapshot(services, this.#problems);
  }

  #publishedServices(): PublishedService[] {
    return (this.#supervision?.units ?? []).map((unit) => publishService(viewUnit(unit, this.#parts?.logs)));
  }
}
