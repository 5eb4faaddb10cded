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
import { askEither, type ProjectCalls } from './calls.ts';
import { engineOf, killContainers, projectOf } from './containers.ts';
import { describeEnding, watchOutside } from './ended.ts';
import { findForeign } from './foreign.ts';
import { createGraces } from './grace.ts';
import { ContainerInstance } from './instance.ts';
import { removeLost } from './remove.ts';
import { createReturns } from './returns.ts';
import { upOwn, upShared } from './start.ts';
import type { Users } from './users.ts';
import { watchProject, type ProjectWatch } from './watch.ts';

export interface ContainerSpec {
  /** Its name in the contract: what a person types. */
  readonly name: string;
  /** Its name in the project. */
  readonly service: string;
  /** Names a service of the project for a person: Compose may speak of one that this one needs. */
  readonly nameOf: (service: string) => string;
  readonly marker: string;
  readonly onOutput: (stream: OutputStream, chunk: Buffer) => Promise<void> | undefined;
  /** Asked before anything is started: why it may not be, given the numbers that its own containers hold. */
  readonly findConflict: (own: ReadonlySet<number>) => Promise<StartFailure | undefined>;
  /** Networks that Compose puts it on, by the names that the engine has for them. */
  readonly ownNetworks: readonly string[];
  /** Networks of another project that it is to be on before it starts. */
  readonly networks?: readonly string[];
  /** Services that Compose would run once more with this one, see `findJobs`: those that have done their work must not. */
  readonly jobs?: readonly string[];
  /** Numbers on which it will be reached. */
  readonly numbers: readonly number[];
}

export interface ComposeEngine {
  /** Looks from now on, and takes over what runs: to be called whenever something of the stack has changed. */
  consider(): void;
  start(spec: ContainerSpec): Promise<StartResult>;
  /** Decides now whether a service that was stopped from outside has ended: nobody waits for the engine to start it again. */
  decide(service: string): Promise<void>;
  /** As the engine last told; empty when there is none. */
  containersOf(service: string): readonly Container[];
  /** Why the engine cannot be asked; undefined while it answers. */
  readonly problem: string | undefined;
  /** From now on an instance that is stopped is only let go of: its container runs on. Default: all of them. */
  letGo(services?: ReadonlySet<string>): void;
  /** Removes the container of a service that the files do not have any more, see `removeLost`. Undefined when that is done. */
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
  /**
   * A container of a service that has no instance here runs, whoever started it: `start` takes it over. False where it
   * is not going to be started; then it is told again after the next look.
   */
  readonly onReturn: (service: string) => boolean;
  /** Tells a person what is left of the containers of a service that somebody removed. */
  readonly onRemoved: (containers: readonly Container[]) => Promise<string | undefined>;
  /** Once when the engine does not answer any more, and once, with undefined, when it does again. */
  readonly onProblem: (problem: string | undefined) => void;
}

/** Milliseconds, besides what the container is given. */
const STOP_TIMEOUT = 120_000;
/** What is started at once is started by one call. */
const GATHER = 20;

export function createComposeEngine(options: ComposeEngineOptions): ComposeEngine {
  const { calls, users, onChange, onReturn, onProblem } = options;
  // Two `up` at once would both make the network.
  const inTurn = createQueue();
  const instances = new Map<string, ContainerInstance>();
  const starting = new Set<string>();
  const outside = watchOutside();
  /** Whether anything was ever taken up: before, who starts tells what is wrong with the engine. */
  let isFollowing = false;
  /** Those that ran when the engine was lost. */
  const lost = new Set<ContainerInstance>();
  const graces = createGraces(async () => watch?.look());
  const told = new Map<string, string>();
  let toldProblem: string | undefined;
  let isLetGo = (_service: string): boolean => false;
  let watch: ProjectWatch | undefined;

  const ofService = (service: string): Container[] =>
    (watch?.containers ?? []).filter((each) => each.service === service);

  const seen = (): string[] => (watch?.containers ?? []).map(({ service }) => service);

  const returns = createReturns({
    containersOf: ofService,
    isTaken: (service) => instances.has(service) || starting.has(service) || isLetGo(service),
    areOurs: async (containers) => (await findForeign(containers, calls().folders)) === undefined,
    onlyStarted: users !== undefined,
    onReturn,
  });

  const judge = (service: string, instance: ContainerInstance): void => {
    const own = ofService(service);
    if (own.some(isAlive)) {
      graces.end(service);
      lost.delete(instance);
      instance.follow(own);
      return;
    }
    const wasStopped =
      lost.has(instance) || [...instance.last, ...own].some(({ id }) => outside.stopped.has(id));
    if (wasStopped && !instance.isStopping && !graces.has(service)) {
      graces.begin(service, () => {
        if (watch?.problem === undefined) settle(service, instance);
      });
    }
    if (!graces.has(service)) settle(service, instance);
  };

  const settle = (service: string, instance: ContainerInstance): void => {
    graces.end(service);
    const own = ofService(service);
    if (own.some(isAlive) || instance.isOver) return;
    // What a task printed that is over already.
    instance.follow(own);
    const ending = describeEnding({
      service: instance.name,
      containers: own,
      last: instance.last,
      ...outside,
      engineWasGone: lost.delete(instance),
    });
    if (instance.isStopping) instance.end({ code: ending.code ?? 0, signal: null });
    else instance.end(ending, own.length === 0 ? options.onRemoved(instance.last) : undefined);
    returns.note(service);
  };

  const afterLook = (): void => {
    const problem = watch?.problem;
    if (problem !== toldProblem && isFollowing) {
      if ((problem === undefined) !== (toldProblem === undefined)) onProblem(problem);
      toldProblem = problem;
      for (const [service, instance] of instances) {
        if (problem !== undefined) lost.add(instance);
        onChange(service);
      }
    }
    if (problem !== undefined) return;
    for (const [service, instance] of instances) if (!starting.has(service)) judge(service, instance);
    for (const service of new Set([...instances.keys(), ...told.keys(), ...seen()])) {
      const facts = JSON.stringify(ofService(service));
      if (told.get(service) === facts) continue;
      told.set(service, facts);
      onChange(service);
    }
    returns.consider(seen());
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
    if (isOthers) {
      returns.note(service);
      return instance.leave('runs on: another branch uses it');
    }
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
        const failures = await upOwn(calls(), specs).catch((error: unknown) =>
          specs.map((): StartFailure => ({ message: messageOf(error) })),
        );
        for (const [index, each] of batch.entries()) each.settle(failures[index]);
      });
    });

  const launch = (spec: ContainerSpec, say: (text: string) => void): Promise<StartFailure | undefined> => {
    if (users === undefined) return upSoon(spec);
    return inTurn(() => users.begin(spec.service, (others) => upShared(calls().call, spec, others, say)));
  };

  const start = async (spec: ContainerSpec): Promise<StartResult> => {
    const { name, service, marker, onOutput } = spec;
    const since = timestamp();
    starting.add(service);
    const isBack = returns.begin(service);
    graces.end(service);
    const watching = begin();
    try {
      await watching.look();
      // A start that fails may be finished by the engine all the same: that is told by what runs now.
      returns.note(service);
      const say = (text: string) => void onOutput('stderr', Buffer.from(`${text}\n`));
      // It is there, whoever started it, and however.
      const isThere = isBack && users === undefined && ofService(service).some(isAlive);
      if (isThere) say('portramp: it runs, and is taken over as it is');
      const failure = isThere ? undefined : await launch(spec, say);
      if (failure !== undefined) {
        await watching.look();
        if (watching.problem !== undefined) returns.miss(service);
        return { ok: false, failure };
      }
      const instance: ContainerInstance = new ContainerInstance({
        name,
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
        // Of what all branches share, one does not end at once what others may use.
        kill: () => (users ? instance.leave() : void killContainers(calls().byLabels, ofService(service))),
      });
      instances.set(service, instance);
      isFollowing = true;
      void instance.exited.then(() => {
        if (instances.get(service) === instance) instances.delete(service);
      });
      await watching.look();
      starting.delete(service);
      if (watching.problem === undefined) judge(service, instance);
      return { ok: true, instance };
    } finally {
      starting.delete(service);
    }
  };

  return {
    consider: () => {
      if (begin().problem === undefined) returns.consider(seen());
    },
    start,
    decide: async (service) => {
      const instance = instances.get(service);
      await graces.hasten(service);
      if (instance?.isOver === true) await instance.exited;
    },
    containersOf: ofService,
    get problem() {
      return watch?.problem;
    },
    letGo: (services) => {
      isLetGo = (service) => services?.has(service) ?? true;
    },
    remove: (service) => inTurn(() => removeLost(calls(), service, STOP_TIMEOUT)),
    close: () => {
      graces.close();
      watch?.close();
    },
  };
}
