/** The containers of a running stack: how they are launched and looked at, and the bridges that lead out of them. */
import { nameInContract } from '../../contract/called.ts';
import { Emitter } from '../../lib/emitter.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Home } from '../../lib/home.ts';
import { findJobs } from '../../compose/selection.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import type { ProjectCalls } from '../../runtime/compose/calls.ts';
import {
  createComposeEngine,
  type ComposeEngine,
  type ComposeEngineOptions,
  type ContainerSpec,
} from '../../runtime/compose/engine.ts';
import { engineOf } from '../../runtime/compose/containers.ts';
import { listPublishers } from '../../runtime/engine/publishers.ts';
import type { StartFailure, StartResult } from '../../runtime/instance.ts';
import { describeHolder, howToEnd } from '../../lib/holder.ts';
import type { LaunchOptions } from '../launch.ts';
import type { PreparedStack } from '../prepare.ts';
import type { WatchedLook } from '../readiness/looks.ts';
import type { ServiceState } from '../service.ts';
import { createBridges, findBridgeAddress, type Bridge, type Bridges } from './bridge.ts';
import { bridgesFor, leadsOf } from './leads.ts';
import { isExplained, lookAt, problemOf } from './look.ts';
import { noteData, takeDown } from './down.ts';
import { describeNameless } from './nameless.ts';
import { networksOf, type WantedNetworks } from './networks.ts';
import { storeProjects, type Projects } from './projects.ts';
import { demandResolved, resolves } from './resolved.ts';

export interface Containers {
  /** Takes over what the stack is from now on. Called before anything of it is launched. */
  use(prepared: PreparedStack): Promise<void>;
  /** Proves that the services could be started again, before they are stopped. @throws PortrampError COMPOSE_INVALID */
  demandResolved(names: readonly string[]): Promise<void>;
  /** Names services whose start failed while the files did not resolve, each once. Called when they do. */
  takeMended(): readonly string[];
  launch(service: ResolvedService, spec: Pick<ContainerSpec, 'marker' | 'onOutput'>): Promise<StartResult>;
  /** Decides now which of the services have ended that were stopped from outside, as far as the engine tells. */
  decide(names: readonly string[]): Promise<void>;
  lookAt(service: ResolvedService): WatchedLook;
  /** Whether the engine tells why the service is not well, whatever that printed last. */
  explains(service: ResolvedService): boolean;
  /**
   * Fits what there is to the units as they are now: opens and closes the ways from containers to processes, and removes
   * the container of a service that the stack has lost.
   */
  follow(units: readonly Bridged[]): void;
  /** From now on stopping leaves containers running. True when there are any. */
  letGo(): boolean;
  /** The same for those that something is still to be done with, or that others use, before `down`. */
  beginDown(): void;
  /** Removes what is the stack's. @param atOnce Aborted when nothing is to be waited for any more. */
  down(atOnce: AbortSignal): Promise<Removal>;
  close(): Promise<void>;
}

export interface Removal {
  /** What went wrong on the way, a sentence each. */
  readonly problems: readonly string[];
  /** Why something is still there. */
  readonly failure?: StartFailure | undefined;
}

export interface Bridged {
  readonly name: string;
  readonly resolved: ResolvedService;
  readonly state: ServiceState;
}

export interface ContainersOptions {
  readonly home: Home;
  readonly holdersOf: LaunchOptions['holdersOf'];
  readonly onNotice: (text: string) => void;
  /** A container of a service that is not running here runs. True when the service is started for that. */
  readonly onReturn: (service: string) => boolean;
}

/** What is the stack's own, or everybody's. */
type Scope = 'stack' | 'workspace';

export function createContainers(options: ContainersOptions): Containers {
  const { home, holdersOf, onNotice, onReturn } = options;
  const changes = new Emitter<string>();
  let prepared: PreparedStack | undefined;
  let projects: Projects | undefined;
  let networks: ReadonlyMap<string, WantedNetworks> = new Map();
  const engines: { own?: ComposeEngine; shared?: ComposeEngine } = {};
  let launched = false;
  /** Those that were launched and are not shared: by their names in the contract, what the project calls them. */
  const launchedAs = new Map<string, string>();
  /** Those whose last start failed while the files did not resolve. */
  const unresolved = new Set<string>();
  let address: string | undefined;
  const bridges: Bridges = createBridges(
    async () => (address ??= projects && (await findBridgeAddress(engineOf(projects.own.call)))),
    onNotice,
  );
  let bridging: Promise<void> = Promise.resolve();
  let wanted: readonly Bridge[] = [];
  let leads: ReadonlyMap<string, number> = new Map();
  let areOpen = true;
  const setBridges = (): void => {
    bridging = bridging.then(async () => {
      areOpen = await bridges.set(wanted);
    });
  };

  const findConflict = async (
    { name, ports }: ResolvedService,
    own: ReadonlySet<number>,
  ): Promise<StartFailure | undefined> => {
    const others = ports.filter(({ targetPort }) => !own.has(targetPort));
    const call = projects?.own.call;
    const publishers = call && others.length > 0 ? await listPublishers(engineOf(call)) : undefined;
    const taken: string[] = [];
    const ends = new Set<string>();
    for (const { name: port, targetPort } of others) {
      const [process] = (await holdersOf(targetPort)) ?? [];
      const container = publishers?.get(`${targetPort}/tcp`);
      if (process === undefined && container === undefined) continue;
      const end =
        container === undefined ? howToEnd(targetPort, process ?? {}) : `docker stop ${container.name}`;
      if (end !== undefined) ends.add(end);
      taken.push(`port ${targetPort} (${port}) is held by ${container?.text ?? describeHolder(process)}`);
    }
    if (taken.length === 0) return undefined;
    const what = taken.length === 1 ? 'it' : 'them';
    const how = ends.size === 0 ? ', then' : `: ${[...ends].join('; ')}; then`;
    return { message: taken.join('; '), hint: `end ${what}${how}: portramp start ${name}` };
  };

  /** Of the stack's own project, or of that which all branches share. Undefined where Compose is not installed. */
  const engineFor = ({ service }: ResolvedService): ComposeEngine | undefined => {
    const known = projects;
    if (known === undefined) return undefined;
    if (service.kind !== 'compose' || service.scope === 'stack') {
      return (engines.own ??= createComposeEngine(listeners('stack', () => projects?.own ?? known.own)));
    }
    const { shared } = known;
    if (shared === undefined) return undefined;
    const { users } = shared;
    return (engines.shared ??= createComposeEngine({
      ...listeners('workspace', () => projects?.shared ?? shared),
      users,
    }));
  };

  const named = (composeName: string, scope: Scope): string[] =>
    [...(prepared?.services.values() ?? [])].flatMap(({ name, service }) =>
      service.kind === 'compose' && service.compose === composeName && service.scope === scope ? [name] : [],
    );

  const nameOf = (composeName: string): string =>
    nameInContract(
      composeName,
      [...(prepared?.services.values() ?? [])].map(({ service }) => service),
    );

  const removeLost = (units: readonly Bridged[]): void => {
    for (const [name, service] of launchedAs) {
      if (units.some((unit) => unit.name === name)) continue;
      launchedAs.delete(name);
      if (prepared === undefined || isDependedOn(prepared, service)) continue;
      void engines.own?.remove(service).then(
        (failure) => {
          if (failure !== undefined) onNotice(`the container of ${name} was not removed: ${failure.message}`);
        },
        (error: unknown) => onNotice(`the container of ${name} was not removed: ${messageOf(error)}`),
      );
    }
  };

  let isTold = false;
  const listeners = (scope: Scope, calls: () => ProjectCalls): ComposeEngineOptions => ({
    calls,
    onChange: (service) => changes.emit(service),
    onReturn: (service) => named(service, scope).map(onReturn).includes(true),
    onRemoved: async (containers) => {
      const kept = await noteData(calls().byLabels, containers, nameOf);
      return kept.length === 0 ? undefined : describeNameless(kept);
    },
    // There is one engine, however many projects are watched.
    onProblem: (problem) => {
      if (isTold === (problem !== undefined)) return;
      isTold = problem !== undefined;
      onNotice(problem ?? 'the container engine answers again');
    },
  });

  return {
    use: async (next) => {
      prepared = next;
      leads = leadsOf(next);
      networks = networksOf(next);
      // Of a contract that speaks of none any more, what was started is still to be removed.
      projects = (await storeProjects(home, next)) ?? projects;
    },
    demandResolved: async (names) => {
      const services = names.flatMap((name) => prepared?.services.get(name) ?? []);
      await demandResolved(projects, services);
    },
    decide: async (names) => {
      const services = names.flatMap((name) => prepared?.services.get(name) ?? []);
      await Promise.all(
        services.map(async (each) => {
          if (each.service.kind === 'compose') await engineFor(each)?.decide(each.service.compose);
        }),
      );
    },
    takeMended: () => {
      const names = [...unresolved];
      unresolved.clear();
      return names;
    },
    launch: async (service, spec) => {
      const engine = engineFor(service);
      if (engine === undefined || prepared === undefined || service.service.kind !== 'compose') {
        const hint = 'install Docker Compose 2.24.4 or newer, or name its program in PORTRAMP_COMPOSE';
        return { ok: false, failure: { message: 'Docker Compose was not found', hint } };
      }
      if (service.service.scope === 'stack') launchedAs.set(service.name, service.service.compose);
      launched = true;
      unresolved.delete(service.name);
      const result = await engine.start({
        ...spec,
        name: service.name,
        service: service.service.compose,
        nameOf,
        ownNetworks: networks.get(service.name)?.own ?? [],
        networks: networks.get(service.name)?.joined ?? [],
        jobs: jobsOf(prepared, service.service.compose),
        numbers: service.ports.map(({ targetPort }) => targetPort),
        findConflict: (own) => findConflict(service, own),
      });
      if (!result.ok && !(await resolves(projects, service))) unresolved.add(service.name);
      // An engine that was not there when the first process was ready is now.
      if (result.ok && !areOpen) setBridges();
      return result;
    },
    explains: (service) => isExplained(service, engineFor(service), networks.get(service.name)),
    lookAt: (service) => ({
      look: (signal) => lookAt(service, engineFor(service), signal),
      problem: () => problemOf(service, engineFor(service), networks.get(service.name)),
      onChange: (listener) =>
        changes.on((changed) => {
          if (service.service.kind === 'compose' && service.service.compose === changed) listener();
        }),
    }),
    follow: (units) => {
      removeLost(units);
      engines.shared?.consider();
      // Also where nothing of it is started here: somebody may have done that by hand.
      const own = units.find(
        ({ resolved }) => resolved.service.kind === 'compose' && resolved.service.scope === 'stack',
      );
      if (own !== undefined) engineFor(own.resolved)?.consider();
      const next = leads.size === 0 ? [] : bridgesFor(leads, units);
      if (next.length === 0 && wanted.length === 0) return;
      if (JSON.stringify(next) === JSON.stringify(wanted)) return;
      wanted = next;
      setBridges();
    },
    letGo: () => {
      engines.own?.letGo();
      engines.shared?.letGo();
      return launched;
    },
    beginDown: () => {
      const chores = [...(prepared?.services.values() ?? [])].flatMap(({ service }) =>
        service.kind === 'compose' && service.cleanup !== undefined ? [service.compose] : [],
      );
      engines.own?.letGo(new Set(chores));
      engines.shared?.letGo();
    },
    down: async (atOnce) => {
      if (prepared === undefined || projects === undefined) return { problems: [] };
      const problems: string[] = [];
      const failure = await takeDown(prepared, projects, (text) => problems.push(text), atOnce);
      return { problems, failure };
    },
    close: async () => {
      engines.own?.close();
      engines.shared?.close();
      await bridging;
      await bridges.close();
    },
  };
}

/** None where Compose has to start the service itself, for its hooks. */
const jobsOf = ({ compose }: PreparedStack, service: string): readonly string[] =>
  compose === undefined || compose.project.services.get(service)?.hasStartHook === true
    ? []
    : findJobs(compose.project, service);

/** Whether the project has a service that Compose would start this one for. */
const isDependedOn = ({ compose }: PreparedStack, service: string): boolean =>
  [...(compose?.project.services.values() ?? [])].some(({ dependsOn }) => dependsOn.has(service));
