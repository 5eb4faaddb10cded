/**
 * The runner: one stack of one checkout, from its contract to its processes. It owns the session with the
 * daemon, the log files, the watchdog, the watch on the contract, and the units.
 */
import { Emitter } from '../lib/emitter.ts';
import { closeInOrder } from '../lib/close.ts';
import { messageOf } from '../lib/errors.ts';
import { isFolderGone } from '../lib/gone-folder.ts';
import type { Lock } from '../lib/lock.ts';
import type { CommandAnswer, RunnerCommand } from '../protocol/messages.ts';
import { chooseEngine } from '../proxy/engine/choose.ts';
import type { Engine } from '../proxy/engine/engine.ts';
import { belongingOf } from '../runtime/runs/clean.ts';
import { lockStack } from '../runtime/runs/stack-lock.ts';
import { obey } from './commands.ts';
import { createEdits, type Edits } from './edits.ts';
import type { RunnerEvent } from './events.ts';
import { createNumbers, describeRemembered, followUnit, forgetUnit, type Numbers } from './numbers.ts';
import { closeParts, createSupervision, openParts, type Parts } from './parts.ts';
import type { PreparedStack } from './prepare.ts';
import { createPublished, type Published } from './published.ts';
import { reactTo, type Reactions } from './react.ts';
import { createRefusalTeller } from './refused-hosts.ts';
import type { Runner, RunnerOptions } from './runner-options.ts';
import { openSession, type Session } from './session.ts';
import { selectOrThrow } from './selection.ts';
import type { Supervision } from './supervision.ts';

export const createRunner = (options: RunnerOptions): Runner => new StackRunner(options);

class StackRunner implements Runner {
  readonly events = new Emitter<RunnerEvent>();
  readonly ended: Promise<void>;

  readonly #options: RunnerOptions;
  #resolveEnded = (): void => undefined;
  /** Settles when the start is over, whatever came of it. */
  #starting: Promise<void> = Promise.resolve();
  /** The right to be this stack's runner. */
  #place: Lock | undefined;
  #session: Session | undefined;
  #numbers: Numbers | undefined;
  #supervision: Supervision | undefined;
  #parts: Parts | undefined;
  #stopping: Promise<void> | undefined;
  /** Whether the end removes the stack's containers: it may be asked to when it has begun. */
  #isRemoval = false;
  /** Aborted when the end is not to wait for anything any more. */
  readonly #atOnce = new AbortController();
  readonly #published: Published;
  readonly #edits: Edits;
  readonly #reactions: Reactions = {
    units: () => this.#supervision?.units ?? [],
    tell: (unit, text) => this.#published.tell(unit, text),
    belongingOf: (pid) => belongingOf(this.#options.home.runs, pid),
    forget: (unit, slot, port, opened) =>
      this.#edits.inTurn(() => forgetUnit(this.#numbers, { unit, slot, port }, opened)),
  };

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#published = createPublished({
      root: options.root,
      events: this.events,
      session: () => this.#session,
      supervision: () => this.#supervision,
      parts: () => this.#parts,
      isEnding: () => this.#stopping !== undefined,
    });
    this.#edits = createEdits({
      ...options,
      published: this.#published,
      session: () => this.#session,
      supervision: () => this.#supervision,
      parts: () => this.#parts,
      numbers: () => this.#numbers,
      isStopping: () => this.#stopping !== undefined,
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  async start(): Promise<void> {
    // Ctrl-C came before: what it opened now nobody would close.
    if (this.#stopping !== undefined) return;
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
    const { selection, root, environment, home } = this.#options;
    this.#place = await lockStack(home.runs, { root, environment });
    const engine = await chooseEngine(process.env['PORTRAMP_ENGINE']);
    const session = await this.#openSession();
    if (this.#stopping !== undefined) return;
    const prepared = await this.#edits.prepare(session);
    const wanted = new Set(selectOrThrow(prepared.plan, selection));
    if (this.#stopping !== undefined) return;
    await session.attach(prepared.stack, prepared.leases);
    this.#edits.begin(prepared);
    const { parts, supervision } = this.#build(session, engine, prepared);
    await parts.containers.use(prepared);
    this.#supervision = supervision;
    await this.#edits.watch();
    if (this.#stopping !== undefined) return;
    for (const text of [...prepared.notices, ...describeRemembered(prepared)]) this.#published.notice(text);
    supervision.start(prepared, wanted);
    parts.containers.follow(supervision.units);
    const services = this.#published.services();
    this.events.emit({ type: 'prepared', slug: prepared.stack.slug, root, services });
    await this.#published.publish();
  }

  async #openSession(): Promise<Session> {
    const { clock, connect } = this.#options;
    const tellRefusals = createRefusalTeller();
    const session = await openSession({
      connect,
      clock,
      pid: process.pid,
      onCommand: (command, signal) => this.#command(command, signal),
      onNotice: (text) => this.#published.notice(text),
      onFindings: (findings) => {
        for (const finding of findings) void reactTo(finding, this.#reactions);
      },
      onSightings: (sightings) => this.#supervision?.see(sightings),
      onLost: () => this.#supervision?.see(),
      onPublished: (answer) => tellRefusals(answer).forEach((text) => this.#published.notice(text)),
      onRegistered: ({ stack, front }) => {
        // Host names and their port are in the environment of services.
        const last = this.#edits.prepared;
        const isSame = last?.front.http === front.http && last?.stack.slug === stack.slug;
        if (!isSame || this.#published.problems.length > 0) this.#edits.check();
      },
    });
    this.#session = session;
    this.#numbers = createNumbers({
      clock,
      session,
      prepared: () => this.#edits.prepared,
      adopt: (next, moved) => this.#edits.adopt(next, moved),
      onEvent: (event) => this.events.emit(event),
      tell: (service, text) => this.#parts?.tell(service, text),
    });
    return session;
  }

  /** What runs the services; nothing runs yet. */
  #build(
    session: Session,
    engine: Engine,
    { stack, checkout }: PreparedStack,
  ): { parts: Parts; supervision: Supervision } {
    const { clock, home, root, environment } = this.#options;
    const parts = openParts({
      clock,
      engine,
      home,
      session,
      key: { root, environment },
      slug: stack.slug,
      checkout,
      events: this.events,
      supervision: () => this.#supervision,
      publish: () => this.#published.publish(),
      stop: () => void this.stop({ now: false }),
    });
    this.#parts = parts;
    const supervision = createSupervision(parts, {
      ...this.#options,
      reassign: (service, port, holder) =>
        this.#edits.inTurn(async () => this.#numbers?.reassign(service, port, holder) ?? false),
      forget: (service, port, slot) =>
        this.#edits.inTurn(async () => void (await this.#numbers?.forget(service, port, slot))),
      onChange: (unit) => this.#published.publishChange(unit),
      onFollow: (unit, slot, port, number) =>
        this.#edits.inTurn(async () => followUnit(this.#numbers, { unit, slot, port }, number)),
      onSettled: () => void this.#published.publishSettled(),
    });
    return { parts, supervision };
  }

  stop({ now, remove = false }: { readonly now: boolean; readonly remove?: boolean }): Promise<void> {
    const isNewRemoval = remove && !this.#isRemoval;
    if (now) this.#atOnce.abort();
    this.#isRemoval ||= remove;
    if (this.#stopping === undefined) this.#stopping = this.#stop(now);
    else {
      // The end of a stack that is just starting sees it by itself.
      if (isNewRemoval && this.#parts !== undefined) {
        this.#parts.containers.beginDown();
        this.#published.notice('containers are removed after all: that was asked for meanwhile');
      }
      if (now) void this.#supervision?.shutDown(true);
    }
    return this.#stopping;
  }

  async #stop(now: boolean): Promise<void> {
    // A start that is under way sees that it is not wanted any more, and starts no service.
    await this.#starting;
    if (this.#isRemoval) this.#parts?.containers.beginDown();
    else if (this.#parts?.containers.letGo()) {
      // Nothing leads to a stack by a folder that is gone.
      const isGone = await isFolderGone(this.#options.root);
      this.#published.notice(
        isGone
          ? 'containers run on; "portramp clean" removes them'
          : 'containers run on; "portramp down" removes them',
      );
    }
    await this.#supervision?.shutDown(now);
    const removal = this.#isRemoval ? await this.#parts?.containers.down(this.#atOnce.signal) : undefined;
    if (removal !== undefined) await this.#published.publishRemoval(removal);
    await this.#close();
  }

  async #close(): Promise<void> {
    const tell = (error: unknown): void =>
      this.#published.notice(`the stack did not end cleanly: ${messageOf(error)}`);
    const steps = [
      () => this.#edits.close(),
      () => this.#parts && closeParts(this.#parts, tell),
      // Before the daemon says that the stack is down: whoever starts it then finds the place free.
      () => this.#place?.release(),
      () => this.#session?.close(),
    ];
    await closeInOrder(steps, tell);
    this.#resolveEnded();
  }

  async #command(command: RunnerCommand, signal: AbortSignal): Promise<CommandAnswer> {
    const supervision = this.#supervision;
    const { prepared } = this.#edits;
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
        publish: () => this.#published.publish(),
        stop,
        decide: async (names) => this.#parts?.containers.decide(names),
        demandResolved: async (names) => this.#parts?.containers.demandResolved(names),
        release: (services) => services.forEach((name) => this.#parts?.brakes.release(name)),
        scale: (service, replicas) => this.#edits.scale(service, replicas),
        problems: this.#published.problems,
        signal,
      },
      command,
    );
  }
}
