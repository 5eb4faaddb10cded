/**
 * The containers of one stack as instances: started with `up`, followed through `logs` and `events`, looked at with
 * `ps`. Whoever stops an instance stops its container, until `letGo`: then containers outlive the runner.
 */
import { createQueue } from '../../lib/queue.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Exit, Instance, OutputStream, StartFailure, StartResult, StopRequest } from '../instance.ts';
import { startProcess } from '../process/start.ts';
import { listContainers, type Container } from './containers.ts';
import { followEvents, type ContainerEvents } from './events.ts';
import { explainFailure } from './failure.ts';
import { composeWords, runCompose, type ComposeCall } from './resolve.ts';

export interface ContainerSpec {
  /** Its name in the project. */
  readonly service: string;
  readonly marker: string;
  readonly onOutput: (stream: OutputStream, chunk: Buffer) => Promise<void> | undefined;
  /** Asked before anything is started: why it may not be, given the numbers that its own containers hold. */
  readonly findConflict: (own: ReadonlySet<number>) => Promise<StartFailure | undefined>;
}

export interface ComposeEngine {
  start(spec: ContainerSpec): Promise<StartResult>;
  /** As the engine last told; empty when there is none. */
  containersOf(service: string): readonly Container[];
  /** From now on an instance that is stopped is only let go of: its container runs on. */
  letGo(): void;
  /** Removes the containers and networks of the project. Undefined when that worked, else why not. */
  down(): Promise<StartFailure | undefined>;
  close(): void;
}

/** Milliseconds: an image may have to be pulled or built first. */
const UP_TIMEOUT = 30 * 60_000;
const STOP_TIMEOUT = 120_000;
const PATROL = 10_000;

/** @param call With every profile and the stack's override. May change: a later call is used from then on. */
export function createComposeEngine(call: () => ComposeCall): ComposeEngine {
  // Two `up` at once would both make the network.
  const inTurn = createQueue();
  const instances = new Map<string, ContainerInstance>();
  let containers: readonly Container[] = [];
  let events: ContainerEvents | undefined;
  let isLetGo = false;
  let looking: Promise<void> | undefined;
  let lookAgain = false;

  const look = async (): Promise<void> => {
    // One that is started meanwhile may be missing in the answer.
    const judged = [...instances];
    try {
      containers = await listContainers(call());
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
    events ??= followEvents(call(), {
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

  const stopContainer = async (service: string, { timeout }: StopRequest): Promise<void> => {
    const seconds = String(Math.ceil(timeout / 1000));
    await inTurn(() =>
      runCompose(call(), ['stop', '--timeout', seconds, service], { timeout: STOP_TIMEOUT }),
    );
    await refresh();
  };

  const forget = (service: string, instance: ContainerInstance): void => {
    if (instances.get(service) === instance) instances.delete(service);
    if (instances.size > 0) return;
    events?.close();
    events = undefined;
  };

  const start = async (spec: ContainerSpec): Promise<StartResult> => {
    const { service } = spec;
    const begun = new Date().toISOString();
    const failure = await inTurn(() => up(call(), spec));
    if (failure !== undefined) return { ok: false, failure };
    const log = await startProcess({
      command: [call().binary.command[0], ...composeWords(call()), ...LOGS, begun, service],
      dir: call().cwd,
      env: definedIn(call().environment),
      stop: { signal: 'SIGKILL', timeout: 0 },
      marker: spec.marker,
      onOutput: spec.onOutput,
    });
    if (!log.ok) return log;
    const instance = new ContainerInstance({
      log: log.instance,
      stop: (request) => {
        if (isLetGo) instance.end(0);
        else void stopContainer(service, request).catch(() => instance.end(1));
      },
      say: (text) => void spec.onOutput('stderr', Buffer.from(`${text}\n`)),
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
    letGo: () => {
      isLetGo = true;
    },
    down: async () => {
      const { code, stderr } = await inTurn(() => runCompose(call(), ['down'], { timeout: STOP_TIMEOUT }));
      return code === 0 ? undefined : explainFailure(stderr, code);
    },
    close: () => {
      clearInterval(patrol);
      events?.close();
    },
  };
}

/** Only what is printed from now on: what came before was shown when it came. */
const LOGS = ['logs', '--follow', '--no-color', '--no-log-prefix', '--since'];

/** A container that was made and does not run yet is about to take the place of another. */
const ALIVE = ['created', 'running', 'restarting', 'paused'];

const isAlive = ({ state }: Container): boolean => ALIVE.includes(state);

/** Undefined when the containers of the service run. What a failed attempt created is removed again. */
async function up(
  call: ComposeCall,
  { service, findConflict }: ContainerSpec,
): Promise<StartFailure | undefined> {
  try {
    const before = await listContainers(call);
    const conflict = await findConflict(new Set(before.flatMap((each) => each.published)));
    if (conflict !== undefined) return conflict;
    // Not `--no-deps`: what a service depends on is part of what Compose recognises its containers by.
    const { code, stderr } = await runCompose(call, ['up', '--detach', service], {
      timeout: UP_TIMEOUT,
    });
    if (code === 0) return undefined;
    const known = new Set(before.map(({ id }) => id));
    const after = await listContainers(call).catch(() => []);
    const isStuck = after.some(
      (each) => each.service === service && each.state === 'created' && !known.has(each.id),
    );
    if (isStuck) await runCompose(call, ['rm', '--force', '--stop', service], { timeout: STOP_TIMEOUT });
    return explainFailure(stderr, code);
  } catch (error) {
    return {
      message: messageOf(error),
      ...(error instanceof Error && 'hint' in error && typeof error.hint === 'string'
        ? { hint: error.hint }
        : {}),
    };
  }
}

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

  remains(): readonly [] {
    return [];
  }

  /** The containers have ended. */
  end(code: number): void {
    this.#end(code);
  }

  /** Nobody can tell any more what has become of them. */
  lose(why: string): void {
    this.#parts.say(`portramp lost the container: ${why}`);
    this.#end(LOST);
  }
}

/** The exit code of a container whose engine went away. */
const LOST = 255;
