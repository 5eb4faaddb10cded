import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';

import { systemClock } from '../../lib/clock.ts';
import { whenDescriptorsAllow } from '../../lib/descriptors.ts';
import { messageOf } from '../../lib/errors.ts';
import { commandLineOf } from '../../lib/process-description.ts';
import { processorTimeOf, startTimeOf, type ProcessIdentity } from '../../lib/process-identity.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { isStopped } from '../../lib/silence.ts';
import { spawned } from '../../lib/spawned.ts';
import type {
  AsideOptions,
  Exit,
  FamilyMember,
  Instance,
  OutputStream,
  ProcessSpec,
  StartFailure,
  StartResult,
  StopRequest,
} from '../instance.ts';
import { describeStartError } from './start-error.ts';
import { runAside } from './aside.ts';
import { births, lookTogether } from './births.ts';
import { trackRemains, type Remains } from './remains.ts';
import { signalRemains } from './signals.ts';
import { survey } from './survey.ts';
import type { ProcessEntry, ProcessTable } from './table.ts';
import { createTurns } from './turns.ts';

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** A whole stack asks on one beat. */
const lookAtBirths = lookTogether(births, () => systemClock.now());

/** A whole stack starts at once, and each spawn blocks until the child executes its program. */
const myTurn = createTurns();

/**
 * Starts a process in a group of its own. Its stdin is a pipe that stays open: watchers exit at its end. Where no
 * descriptor is left for its pipes, the start waits for a few seconds until there is one.
 */
export async function startProcess(spec: ProcessSpec): Promise<StartResult> {
  await myTurn();
  const problem = findProblem(spec);
  if (problem !== undefined) return { ok: false, failure: problem };
  try {
    return { ok: true, instance: await whenDescriptorsAllow(() => startOnce(spec)) };
  } catch (error) {
    return { ok: false, failure: describeStartError(fileOf(spec), spec.dir, error) };
  }
}

const fileOf = ({ command }: ProcessSpec): string =>
  typeof command === 'string' ? command : (command[0] ?? '');

function startOnce(spec: ProcessSpec): Promise<Instance> {
  return new Promise((resolve, reject) => {
    const shell = typeof spec.command === 'string';
    const args = typeof spec.command === 'string' ? [] : spec.command.slice(1);
    const child: Child = spawned(
      spawn(fileOf(spec), args, {
        cwd: spec.dir,
        env: spec.env,
        shell,
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
        windowsHide: true,
      }),
    );
    // A child that closes its stdin is its own business.
    child.stdin.on('error', () => undefined);
    child.once('error', reject);
    child.once('spawn', () => resolve(new ProcessInstance(child, spec)));
  });
}

function findProblem({ dir, command }: ProcessSpec): StartFailure | undefined {
  const hint = 'see "dir" of the service';
  try {
    const stats = statSync(dir, { throwIfNoEntry: false });
    if (stats === undefined) return { message: `the folder ${dir} does not exist`, hint };
    if (!stats.isDirectory()) return { message: `${dir} is not a folder`, hint };
    accessSync(dir, constants.X_OK);
  } catch (error) {
    // Neither there nor missing: it cannot be looked at.
    return {
      message: `the folder ${dir} cannot be used: ${messageOf(error)}`,
      hint: `see who owns it: ls -ld ${shellWord(dir)}`,
    };
  }
  return command.length === 0 ? { message: 'the command is empty' } : undefined;
}

class ProcessInstance implements Instance {
  readonly pid: number;
  readonly startTime: string;
  readonly marker: string;
  readonly exited: Promise<Exit>;
  readonly #remains: Remains;
  /** Who belonged to it in the table that was looked at last. */
  #known: { readonly in: ProcessTable; readonly members: readonly ProcessEntry[] } | undefined;
  readonly #child: Child;
  readonly #spec: ProcessSpec;
  readonly #over = new AbortController();
  #stop: StopRequest;
  #stopping = false;
  /** Whether what is there has got the signal: a command or a text is for the leader only. */
  #signalled = false;
  #killAt = Infinity;
  #wake: () => void = () => undefined;

  constructor(child: Child, spec: ProcessSpec) {
    this.pid = child.pid ?? 0;
    this.#child = child;
    this.#spec = spec;
    this.#stop = spec.stop;
    this.startTime = startTimeOf(this.pid) ?? '';
    this.marker = spec.marker;
    this.#remains = trackRemains({ pid: this.pid, startTime: this.startTime }, spec.marker);
    readOutput(child.stdout, 'stdout', spec.onOutput);
    readOutput(child.stderr, 'stderr', spec.onOutput);
    const ended = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    this.exited = ended.then(async (exit) => {
      this.#over.abort();
      const left = await this.#clear();
      child.stdin.destroy();
      await drained(child);
      return left ? { ...exit, left } : exit;
    });
  }

  stop(policy: StopRequest): void {
    this.#stop = policy;
    const killAt = systemClock.now() + policy.timeout;
    if (!this.#stopping) void this.#ask(policy);
    this.#stopping = true;
    if (killAt >= this.#killAt) return;
    this.#killAt = killAt;
    setTimeout(() => this.kill(), policy.timeout).unref();
  }

  aside(command: string | readonly string[], options: AsideOptions): Promise<string | undefined> {
    const { dir, env } = this.#spec;
    return runAside({ command, dir, env, ...options });
  }

  /** In the way that the policy says. A command that fails has stopped nothing: then the signal does. */
  async #ask({ command, stdin, signal, timeout }: StopRequest): Promise<void> {
    if (command !== undefined && !this.#over.signal.aborted) {
      const problem = await this.aside(command, { timeout, signal: this.#over.signal }).catch(messageOf);
      if (problem === undefined) return;
    } else if (stdin !== undefined && this.#child.stdin.writable) {
      this.#child.stdin.write(stdin.endsWith('\n') ? stdin : `${stdin}\n`);
      return;
    }
    this.#signal(signal);
  }

  #signal(signal: NodeJS.Signals): void {
    this.#signalled = true;
    void signalRemains([this.#remains], signal);
  }

  kill(): void {
    this.#stopping = true;
    this.#killAt = 0;
    void signalRemains([this.#remains], 'SIGKILL');
    this.#wake();
  }

  async remains(): Promise<readonly ProcessIdentity[]> {
    return this.#remains.look(await survey.take());
  }

  async family(age: number): Promise<readonly FamilyMember[]> {
    const members = this.#remains.look(await survey.recent(age));
    return Promise.all(
      members.map(async ({ pid, ppid }) => ({
        pid,
        ppid,
        words: await commandLineOf(pid),
        used: processorTimeOf(pid),
      })),
    );
  }

  async stopped(): Promise<number | undefined> {
    if (process.platform !== 'linux') return undefined;
    const table = await lookAtBirths();
    // Nobody was born: who is stopped is one of those that were there.
    if (table !== undefined && table !== this.#known?.in)
      this.#known = { in: table, members: this.#remains.look(table) };
    return this.#known?.members.find(isStopped)?.pid;
  }

  /**
   * After the leader is gone: stops what it left behind, and waits until that is gone too. Resolves with whether there was
   * anything although nobody had asked the leader to stop.
   */
  async #clear(): Promise<boolean> {
    let pause = FIRST_LOOK;
    let isLeft = false;
    while (this.#remains.look(await survey.take()).length > 0) {
      isLeft ||= !this.#stopping;
      if (!this.#stopping) this.stop(this.#stop);
      if (!this.#signalled) this.#signal(this.#stop.signal);
      if (systemClock.now() >= this.#killAt) await signalRemains([this.#remains], 'SIGKILL');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, pause);
      });
      pause = Math.min(LONGEST_LOOK, pause * 2);
    }
    return isLeft;
  }
}

/** Milliseconds between two looks at what is left. */
const FIRST_LOOK = 10;
const LONGEST_LOOK = 200;

function readOutput(stream: Readable, name: OutputStream, onOutput: ProcessSpec['onOutput']): void {
  stream.on('data', (chunk: Buffer) => {
    const busy = onOutput(name, chunk);
    if (busy === undefined) return;
    stream.pause();
    void busy.finally(() => stream.resume());
  });
  stream.on('error', () => undefined);
}

/** Nobody is left to write: what is in the pipes comes out now, and is read before the end is told. */
function drained(child: Child): Promise<void> {
  return new Promise((resolve) => {
    const streams = [child.stdout, child.stderr];
    let open = streams.length;
    const onEnd = (): void => {
      open -= 1;
      if (open === 0) resolve();
    };
    for (const stream of streams) {
      if (stream.readableEnded || stream.destroyed) onEnd();
      else stream.once('close', onEnd);
    }
    // A process that cannot be seen may hold a pipe open: it is not waited for.
    setTimeout(() => {
      for (const stream of streams) stream.destroy();
    }, DRAIN_TIME).unref();
  });
}

const DRAIN_TIME = 1_000;
