/**
 * The containers of one stack as instances: started with `up`, followed through `logs` and `events`, looked at with
 * `ps`. Whoever stops an instance stops its container, until `letGo`: then containers outlive the runner.
 */
import { timestamp } from '../../lib/clock.ts';
import { createQueue } from '../../lib/queue.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Exit, Instance, OutputStream, StartFailure, StartResult, StopRequest } from '../instance.ts';
import { startProcess } from '../process/start.ts';
import { askEither, type ProjectCalls } from './calls.ts';
import { isAlive, listContainers, type Container } from './containers.ts';
import { followEvents, type ContainerEvents } from './events.ts';
import { composeWords, type ComposeCall } from './resolve.ts';
import { up, upShared } from './start.ts';
import type { Users } from './users.ts';

export interface ContainerSpec {
  /** Its name in the project. */
  readonly service: string;
  readonly marker: string;
  readonly onOutput: (stream: OutputStream, chunk: Buffer) => Promise<void> | undefined;
  /** Asked before anything is started: why it may not be, given the numbers that its own containers hold. */
  readonly findConflict: (own: ReadonlySet<number>) => Promise<StartFailure | undefined>;
  /** Networks of another project that it is to be on before it starts. */
  readonly networks?: readonly string[];
  /** Numbers on which it will be reached. */
  readonly numbers: readonly number[];
}

export interface ComposeEngine {
  start(spec: ContainerSpec): Promise<StartResult>;
  /** As the engine last told; empty when there is none. */
  containersOf(service: string): readonly Container[];
  /** From now on an instance that is stopped is only let go of: its container runs on. Default: all of them. */
  letGo(services?: ReadonlySet<string>): void;
  close(): void;
}

/** Milliseconds, besides what the container is given. */
const STOP_TIMEOUT = 120_000;
const PATROL = 10_000;

/**
 * @param calls With every profile and the stack's override. May change: a later call is used from then on. The files
 * are read where something is started; whether it runs is asked without them.
 * @param users Who else uses these containers; absent: nobody does.
 */
export function createComposeEngine(calls: () => ProjectCalls, users?: Users): ComposeEngine {
  // Two `up` at once would both make the network.
  const inTurn = createQueue();
  const instances = new Map<string, ContainerInstance>();
  let containers: readonly Container[] = [];
  let events: ContainerEvents | undefined;
  let isLetGo = (_service: string): boolean => false;
  let looking: Promise<void> | undefined;
  let lookAgain = false;

  const look = async (): Promise<void> => {
    // One that is started meanwhile may be missing in the answer.
    const judged = [...instances];
    try {
      containers = await listContainers(calls().byLabels);
    } catch (error) {
      for (const [, instance] of judged) instance.lose(messageOf(error));
      return;
    }
    for (const [service, instance] of judged) {
      const own = containers.filter((each) => each.service === service);
      if (own.some(isAlive)) continue;
      instance.end(own[0]?.exitCode ?? 0);
    }
  };

  /** One look at a time; what happens meanwhile causes one more. */
  const refresh = (): Promise<void> => {
    lookAgain = true;
    looking ??= (async () => {
      while (lookAgain) {
        lookAgain = false;
        await look();
      }
    })().finally(() => {
      looking = undefined;
    });
    return looking;
  };

  /** What happens before the stream of events stands is not told: a look now and then makes up for that. */
  const patrol = setInterval(() => void (instances.size > 0 && refresh()), PATROL).unref();

  const follow = (): void => {
    events ??= followEvents(calls().byLabels, {
      onEvent: () => void refresh(),
      onEnd: () => {
        events = undefined;
        // Gone with the engine: then nothing can be listed any more. Else Compose only ended, and is asked again.
        void refresh().then(() => {
          if (instances.size > 0) follow();
        });
      },
    });
  };

  const stopContainer = async (instance: ContainerInstance, service: string, { timeout }: StopRequest) => {
    const seconds = String(Math.ceil(timeout / 1000));
    const stop = () =>
      inTurn(() => askEither(calls(), ['stop', '--timeout', seconds, service], timeout + STOP_TIMEOUT));
    let isOthers = false;
    const failure = await (users === undefined
      ? stop()
      : users.end([service], async ({ unused }) => {
          isOthers = unused.length === 0;
          return isOthers ? undefined : stop();
        }));
    if (isOthers) return instance.leave('runs on: another branch uses it');
    await refresh();
    // Whatever the engine tells, who waits for this stop waits no longer.
    if (failure === undefined) instance.end(0);
    else instance.giveUp(failure.message);
  };

  const forget = (service: string, instance: ContainerInstance): void => {
    if (instances.get(service) === instance) instances.delete(service);
    if (instances.size > 0) return;
    events?.close();
    events = undefined;
  };

  const start = async (spec: ContainerSpec): Promise<StartResult> => {
    const { service } = spec;
    const begun = timestamp();
    const say = (text: string): void => void spec.onOutput('stderr', Buffer.from(`${text}\n`));
    const failure = await inTurn(() =>
      users === undefined
        ? up(calls().call, spec)
        : users.begin(service, (others) => upShared(calls().call, spec, others, say)),
    );
    if (failure !== undefined) return { ok: false, failure };
    const { call } = calls();
    const log = await startProcess({
      command: [call.binary.command[0], ...composeWords(call), ...LOGS, begun, service],
      dir: call.cwd,
      env: definedIn(call.environment),
      stop: { signal: 'SIGKILL', timeout: 0 },
      marker: spec.marker,
      onOutput: spec.onOutput,
    });
    if (!log.ok) return log;
    const instance = new ContainerInstance({
      log: log.instance,
      stop: (request) => {
        if (isLetGo(service)) instance.end(0);
        else
          void stopContainer(instance, service, request).catch((error: unknown) =>
            instance.giveUp(messageOf(error)),
          );
      },
      say,
    });
    instances.set(service, instance);
    void instance.exited.then(() => forget(service, instance));
    await refresh();
    follow();
    return { ok: true, instance };
  };

  return {
    start,
    containersOf: (service) => containers.filter((each) => each.service === service),
    letGo: (services) => {
      isLetGo = (service) => services?.has(service) ?? true;
    },
    close: () => {
      clearInterval(patrol);
      events?.close();
    },
  };
}

/** Only what is printed from now on: what came before was shown when it came. */
const LOGS = ['logs', '--follow', '--no-color', '--no-log-prefix', '--since'];

const definedIn = (environment: ComposeCall['environment']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

interface ContainerParts {
  /** Follows what the containers print. */
  readonly log: Instance;
  readonly stop: (request: StopRequest) => void;
  readonly say: (text: string) => void;
}

/** All containers of one service. Its process is the one that follows the log. */
class ContainerInstance implements Instance {
  readonly pid: number;
  /** A container is not found through its process: nothing is proved of that. */
  readonly startTime = '';
  readonly marker: string;
  readonly exited: Promise<Exit>;
  readonly #parts: ContainerParts;
  #isOver = false;
  #end: (code: number) => void = () => undefined;

  constructor(parts: ContainerParts) {
    this.#parts = parts;
    this.pid = parts.log.pid;
    this.marker = parts.log.marker;
    const ended = new Promise<number>((resolve) => {
      this.#end = resolve;
    });
    this.exited = ended.then(async (code) => {
      parts.log.kill();
      await parts.log.exited;
      return { code, signal: null };
    });
  }

  stop(request: StopRequest): void {
    this.#parts.stop(request);
  }

  kill(): void {
    this.#parts.stop({ signal: 'SIGKILL', timeout: 0 });
  }

  /** What can be asked inside a container is asked by its healthcheck. */
  async aside(): Promise<string> {
    return 'a command cannot be run inside a container: write a healthcheck in the Compose file';
  }

  /** What runs in a container is the engine's to see. */
  async family(): Promise<readonly []> {
    return [];
  }

  async remains(): Promise<readonly []> {
    return [];
  }

  /** The containers have ended. */
  end(code: number): void {
    this.#isOver = true;
    this.#end(code);
  }

  /** It is somebody else's from now on. */
  leave(why: string): void {
    this.#parts.say(`portramp: ${why}`);
    this.end(0);
  }

  /** Nobody can tell any more what has become of them. */
  lose(why: string): void {
    this.#parts.say(`portramp lost the container: ${why}`);
    this.end(LOST);
  }

  /** It did not stop. Nothing is said of one that ended all the same. */
  giveUp(why: string): void {
    if (this.#isOver) return;
    this.#parts.say(`portramp: the container could not be stopped: ${why}`);
    this.end(LOST);
  }
}

/** The exit code of a container of which nobody knows whether it runs. */
const LOST = 255;
