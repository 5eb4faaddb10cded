/** The containers of one service as one instance: what they print, and how they ended. */
import type { EngineClient } from '../engine/client.ts';
import type { Container } from '../engine/containers.ts';
import { followLog, type LogFollower } from '../engine/logs.ts';
import type { Exit, Instance, OutputStream, StartFailure, StopRequest } from '../instance.ts';

export interface ContainerParts {
  /** Of the service in the contract. */
  readonly name: string;
  readonly marker: string;
  readonly engine: EngineClient;
  /** What was printed before is not told (RFC 3339). */
  readonly since: string;
  /** The date, as `since`. */
  readonly now: () => string;
  readonly onOutput: (stream: OutputStream, chunk: Buffer) => Promise<void> | undefined;
  readonly stop: (request: StopRequest) => void;
  /** Ends at once what is being stopped: whoever waits for that goes on then. */
  readonly kill: () => void;
}

/** One run of a container whose log is followed. */
interface Followed {
  readonly startedAt: string;
  readonly log: LogFollower;
  endedAt?: string;
}

/** Milliseconds that the rest of a log is waited for after its container has ended. */
const LOG_REST = 2_000;

/** Instances are told apart by a number above that of every process. */
const FIRST_NUMBER = 2 ** 32;
let lastNumber = FIRST_NUMBER;

export class ContainerInstance implements Instance {
  readonly pid = (lastNumber += 1);
  /** It is not found through a process: nothing is proved of one. */
  readonly startTime = '';
  readonly name: string;
  readonly marker: string;
  readonly exited: Promise<Exit>;
  /** As they were when any of them ran last. */
  last: readonly Container[] = [];
  /** Whether portramp itself has asked for its end. */
  isStopping = false;

  readonly #parts: ContainerParts;
  readonly #logs = new Map<string, Followed>();
  /** What was printed before is not told. */
  readonly #since: string;
  #isOver = false;
  #end: (exit: Exit) => void = () => undefined;
  #rest: Promise<string | undefined> | undefined;

  constructor(parts: ContainerParts) {
    this.#parts = parts;
    this.#since = parts.since;
    this.name = parts.name;
    this.marker = parts.marker;
    const ended = new Promise<Exit>((resolve) => {
      this.#end = resolve;
    });
    this.exited = ended.then(async (exit) => {
      const logs = [...this.#logs.values()].map(({ log }) => log);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LOG_REST);
      });
      await Promise.race([late, Promise.all(logs.map(({ ended: rest }) => rest))]);
      clearTimeout(timer);
      for (const log of logs) log.close();
      return this.#withRest(exit);
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  stop(request: StopRequest): void {
    this.isStopping = true;
    this.#parts.stop(request);
  }

  kill(): void {
    if (this.#isOver) return;
    if (this.isStopping) this.#parts.kill();
    else this.stop({ signal: 'SIGKILL', timeout: 0 });
  }

  /** What can be asked inside a container is asked by its healthcheck. */
  async aside(): Promise<string> {
    return 'a command cannot be run inside a container: write a healthcheck in the Compose file';
  }

  /** A container that is paused has a state of its own. */
  async stopped(): Promise<undefined> {
    return undefined;
  }

  async remains(): Promise<readonly []> {
    return [];
  }

  /** What runs in a container is the engine's to see. */
  async family(): Promise<readonly []> {
    return [];
  }

  /** These are its containers now. What they print is followed, also after one was started again. */
  follow(containers: readonly Container[]): void {
    if (this.#isOver) return;
    if (containers.length > 0) this.last = containers;
    for (const { id, startedAt, hasTerminal, state } of containers) {
      const known = this.#logs.get(id);
      if (state === 'created' || known?.startedAt === startedAt) continue;
      // Its first lines may be older than the moment at which the engine calls it started.
      const since = known?.endedAt ?? this.#since;
      known?.log.close();
      const { engine, onOutput, now } = this.#parts;
      const log = followLog(engine, { id, since, hasTerminal, onOutput });
      const followed: Followed = { startedAt, log };
      this.#logs.set(id, followed);
      void log.ended.then(() => {
        followed.endedAt = now();
      });
    }
  }

  /** @param rest What is left of it, for a person, where that is still to be found out. */
  end(exit: Exit, rest?: Promise<string | undefined>): void {
    this.#isOver = true;
    this.#rest = rest;
    this.#end(exit);
  }

  async #withRest(exit: Exit): Promise<Exit> {
    const rest = await this.#rest?.catch(() => undefined);
    const { why } = exit;
    return rest === undefined || why === undefined
      ? exit
      : { ...exit, why: { ...why, message: `${why.message}; ${rest}` } };
  }

  /** Its container runs on, and is not followed any more. */
  leave(why?: string): void {
    if (why !== undefined) this.#say(why);
    for (const { log } of this.#logs.values()) log.close();
    this.end({ code: 0, signal: null });
  }

  /** It did not stop. Nothing is said of one that ended all the same. */
  giveUp(why: StartFailure): void {
    if (this.#isOver) return;
    this.#say(`the container could not be stopped: ${why.message}`);
    for (const { log } of this.#logs.values()) log.close();
    this.end({ code: null, signal: null, why });
  }

  #say(text: string): void {
    void this.#parts.onOutput('stderr', Buffer.from(`portramp: ${text}\n`));
  }
}
