/**
 * The containers of one stack as instances: started with `up`, looked at through the engine's socket. What the engine
 * says is what counts: a container that comes back is taken over, whoever started it. Whoever stops an instance stops
 * its container, until `letGo`: then containers outlive the runner.
 */
import { setTimeout as pause } from 'node:timers/promises';

import { messageOf } from '../../lib/errors.ts';
import { timestamp } from '../../lib/clock.ts';
import { createQueue } from '../../lib/queue.ts';
import { isAlive, type Container } from '../engine/containers.ts';
import type { OutputStream, StartFailure, StartResult, StopRequest } from '../instance.ts';
import { ask, askEither, type ProjectCalls } from './calls.ts';
import { engineOf, projectOf } from './containers.ts';
import { describeEnding, watchOutside } from './ended.ts';
import { ContainerInstance } from './instance.ts';
import { upAll, upShared } from './start.ts';
import type { Users } from './users.ts';
import { watchProject, type ProjectWatch } from './watch.ts';

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
  /** Why the engine cannot be asked; undefined while it answers. */
  readonly problem: string | undefined;
  /** From now on an instance that is stopped is only let go of: its container runs on. Default: all of them. */
  letGo(services?: ReadonlySet<string>): void;
  /** Removes what is left of a service that the files do not have any more. Undefined when it is gone. */
  remove(service: string): Promise<StartFailure | undefined>;
  close(): void;
}

export interface ComposeEngineOptions {
  /**
   * With every profile and the stack's override. May change: a later call is used from then on. The files are read where
   * something is started; whether it runs is asked without them.
   */
  readonly calls: () => ProjectCalls;
  /** Who else uses these containers; absent: nobody does. */
  readonly users?: Users;
  /** What the engine tells of the service has changed. */
  readonly onChange: (service: string) => void;
  /** A container of a service that has no instance any more runs again: `start` takes it over. */
  readonly onReturn: (service: string) => void;
  /** Once when the engine does not answer any more, and once, with undefined, when it does again. */
  readonly onProblem: (problem: string | undefined) => void;
}

/** Milliseconds, besides what the container is given. */
const STOP_TIMEOUT = 120_000;
/** What is started at once is started by one call. */
const GATHER = 20;
/** A container that somebody stops may be about to be started again, as by `docker restart`. */
const GRACE = 2_000;

export function createComposeEngine(options: ComposeEngineOptions): ComposeEngine {
  const { calls, users, onChange, onReturn, onProblem } = options;
  // Two `up` at once would both make the network.
  const inTurn = createQueue();
  const instances = new Map<string, ContainerInstance>();
  /** Services that had an instance, with what their containers were when it ended. */
  const former = new Map<string, string>();
  const starting = new Set<string>();
  const returned = new Set<string>();
  const outside = watchOutside();
  /** Those that ran when the engine was lost. */
  const lost = new Set<ContainerInstance>();
  const graces = new Map<string, NodeJS.Timeout>();
  const told = new Map<string, string>();
  let toldProblem: string | undefined;
  let isLetGo = (_service: string): boolean => false;
  let watch: ProjectWatch | undefined;

  const ofService = (service: string): Container[] =>
    (watch?.containers ?? []).filter((each) => each.service === service);

  const endGrace = (service: string): void => {
    clearTimeout(graces.get(service));
    graces.delete(service);
  };

  const judge = (service: string, instance: ContainerInstance): void => {
    const own = ofService(service);
    if (own.some(isAlive)) {
      endGrace(service);
      lost.delete(instance);
      instance.follow(own);
      return;
    }
    const wasStopped =
      lost.has(instance) || [...instance.last, ...own].some(({ id }) => outside.stopped.has(id));
    if (wasStopped && !instance.isStopping && !graces.has(service)) {
      const timer = setTimeout(() => {
        if (watch?.problem === undefined) settle(service, instance);
        else endGrace(service);
      }, GRACE).unref();
      graces.set(service, timer);
    }
    if (!graces.has(service)) settle(service, instance);
  };

  const settle = (service: string, instance: ContainerInstance): void => {
    endGrace(service);
    const own = ofService(service);
    if (own.some(isAlive) || instance.isOver) return;
    // What a task printed that is over already.
    instance.follow(own);
    const ending = describeEnding({
      service,
      containers: own,
      last: instance.last,
      ...outside,
      engineWasGone: lost.delete(instance),
    });
    instance.end(instance.isStopping ? { code: ending.code ?? 0, signal: null } : ending);
    former.set(service, identityOf(own));
  };

  const afterLook = (): void => {
    const problem = watch?.problem;
    if (problem !== toldProblem) {
      if ((problem === undefined) !== (toldProblem === undefined)) onProblem(problem);
      toldProblem = problem;
      for (const [service, instance] of instances) {
        if (problem !== undefined) lost.add(instance);
        onChange(service);
      }
    }
    if (problem !== undefined) return;
    for (const [service, instance] of instances) if (!starting.has(service)) judge(service, instance);
    for (const service of new Set([...instances.keys(), ...former.keys()])) {
      const own = ofService(service);
      const facts = JSON.stringify(own);
      if (told.get(service) !== facts) {
        told.set(service, facts);
        onChange(service);
      }
      if (instances.has(service) || starting.has(service) || isLetGo(service)) continue;
      const isBack = own.some(({ state }) => state === 'running') && former.get(service) !== identityOf(own);
      if (!isBack) continue;
      former.set(service, identityOf(own));
      returned.add(service);
      onReturn(service);
    }
  };

  const begin = (): ProjectWatch =>
    (watch ??= watchProject({
      engine: () => engineOf(calls().byLabels),
      project: () => projectOf(calls().byLabels),
      onEvent: (event) => outside.see(event),
      onLook: afterLook,
    }));

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
    await begin().look();
    // Whatever the engine tells, who waits for this stop waits no longer.
    if (failure === undefined) instance.end({ code: 0, signal: null });
    else instance.giveUp(failure);
  };

  /** Starts that wait for their turn: one call of Compose begins them all. */
  const waiting: { readonly spec: ContainerSpec; readonly settle: (failure?: StartFailure) => void }[] = [];
  const upSoon = (spec: ContainerSpec): Promise<StartFailure | undefined> =>
    new Promise((settle) => {
      waiting.push({ spec, settle });
      if (waiting.length > 1) return;
      void inTurn(async () => {
        // Those that are about to be asked for in the same moment.
        await pause(GATHER);
        const batch = waiting.splice(0);
        const specs = batch.map((each) => each.spec);
        const { call, folders } = calls();
        const failures = await upAll(call, specs, folders).catch((error: unknown) =>
          specs.map((): StartFailure => ({ message: messageOf(error) })),
        );
        for (const [index, each] of batch.entries()) each.settle(failures[index]);
      });
    });

  const launch = (spec: ContainerSpec, say: (text: string) => void): Promise<StartFailure | undefined> => {
    // It is there, whoever started it, and however.
    if (returned.delete(spec.service) && users === undefined && ofService(spec.service).some(isAlive)) {
      say('portramp: it runs again, and is taken over as it is');
      return Promise.resolve(undefined);
    }
    if (users === undefined) return upSoon(spec);
    return inTurn(() => users.begin(spec.service, (others) => upShared(calls().call, spec, others, say)));
  };

  const start = async (spec: ContainerSpec): Promise<StartResult> => {
    const { service, marker, onOutput } = spec;
    const since = timestamp();
    starting.add(service);
    endGrace(service);
    try {
      const failure = await launch(spec, (text) => void onOutput('stderr', Buffer.from(`${text}\n`)));
      if (failure !== undefined) return { ok: false, failure };
      const instance: ContainerInstance = new ContainerInstance({
        marker,
        engine: engineOf(calls().byLabels),
        since,
        now: timestamp,
        onOutput,
        stop: (request) => {
          if (isLetGo(service)) return instance.leave();
          void stopContainer(instance, service, request).catch((error: unknown) =>
            instance.giveUp({ message: messageOf(error) }),
          );
        },
      });
      instances.set(service, instance);
      void instance.exited.then(() => {
        if (instances.get(service) === instance) instances.delete(service);
      });
      former.set(service, '');
      const watching = begin();
      await watching.look();
      starting.delete(service);
      if (watching.problem === undefined) judge(service, instance);
      return { ok: true, instance };
    } finally {
      starting.delete(service);
    }
  };

  return {
    start,
    containersOf: ofService,
    get problem() {
      return watch?.problem;
    },
    letGo: (services) => {
      isLetGo = (service) => services?.has(service) ?? true;
    },
    remove: (service) =>
      inTurn(() => ask(calls().byLabels, ['rm', '--force', '--stop', service], STOP_TIMEOUT)),
    close: () => {
      for (const service of graces.keys()) endGrace(service);
      watch?.close();
    },
  };
}

/** Differs when any of them was started again, or made anew. */
const identityOf = (containers: readonly Container[]): string =>
  containers.map(({ id, startedAt }) => `${id} ${startedAt}`).join('\n');
