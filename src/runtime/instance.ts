/** What an instance is made of, whatever runs it: a process group now, other kinds later. */
import type { ProcessIdentity } from '../lib/process-identity.ts';

/** How the leader of an instance ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it ended, where the code does not tell: somebody else ended it. */
  readonly why?: StartFailure;
  /** Something that it had started ran on when it ended by itself, and was ended then. */
  readonly left?: true;
}

export type OutputStream = 'stdout' | 'stderr';

export interface Instance {
  /** Of the leader, which is also the id of its process group. */
  readonly pid: number;
  /** When the leader started, as `lib/process-identity` reads it; empty when it had ended before that. */
  readonly startTime: string;
  /** The value of PORTRAMP_RUN that it was started with. */
  readonly marker: string;
  /**
   * Resolves when the leader has ended and nothing of it is left: what remains of its group and of its
   * descendants is stopped first, with the policy of the last `stop` or the one it was started with.
   */
  readonly exited: Promise<Exit>;
  /** Runs a command in its folder and with its environment; undefined when that ended with code 0. */
  aside(command: string | readonly string[], options: AsideOptions): Promise<string | undefined>;
  /**
   * Sends the signal to the group and to descendants outside it, or does what the policy says instead; after
   * `timeout` milliseconds SIGKILL.
   */
  stop(policy: StopRequest): void;
  /** SIGKILL to all of it, now. */
  kill(): void;
  /**
   * Its processes with their command lines, as a look saw them that is at most `age` milliseconds old; none where they
   * cannot be seen.
   */
  family(age: number): Promise<readonly FamilyMember[]>;
  /** One of its processes that a signal (SIGSTOP) has stopped, by pid; undefined where there is none, or none is seen. */
  stopped(): Promise<number | undefined>;
  /** The processes that are left of it now. */
  remains(): Promise<readonly ProcessIdentity[]>;
}

export interface FamilyMember {
  readonly pid: number;
  readonly ppid: number;
  /** Its command line. */
  readonly words: readonly string[];
  /** Milliseconds that it, and its children that ended, computed or waited to; undefined where nobody can see that. */
  readonly used: number | undefined;
}

export interface StopRequest {
  readonly signal: NodeJS.Signals;
  readonly timeout: number;
  /** Instead of the signal: a command that stops it. */
  readonly command?: string | readonly string[] | undefined;
  /** Instead of the signal: a text for its standard input. */
  readonly stdin?: string | undefined;
}

export interface AsideOptions {
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** Called with the end of what the command has printed so far, whenever that grows. */
  readonly onOutput?: (text: string) => void;
}

export interface ProcessSpec {
  /** A string runs in a shell, a list is exec'd. */
  readonly command: string | readonly string[];
  /** Absolute. */
  readonly dir: string;
  /** The whole environment of the child; see `childEnvironment`. */
  readonly env: Readonly<Record<string, string>>;
  /** What stops leftovers when the leader ends by itself. */
  readonly stop: StopRequest;
  /** The value of PORTRAMP_RUN in `env`: finds descendants that left the group. */
  readonly marker: string;
  /** A returned promise pauses that stream until it settles: the file pushes back on a child that floods. */
  readonly onOutput: (stream: OutputStream, chunk: Buffer) => Promise<void> | undefined;
}

/** Why an instance did not start; expected, so no error. */
export interface StartFailure {
  readonly message: string;
  readonly hint?: string;
}

export type StartResult =
  { readonly ok: true; readonly instance: Instance } | { readonly ok: false; readonly failure: StartFailure };
