/** What a runner tells the daemon about its services. Pure. */
import { calledOf } from '../contract/called.ts';
import type { AppProtocol } from '../contract/contract.ts';
import { accessOf } from '../plan/access.ts';
import type { ResolvedPort, ResolvedService } from '../plan/plan.ts';
import { leasesOf, slotsOf } from '../plan/slots.ts';
import type {
  Failure,
  PublishedInstance,
  PublishedPort,
  PublishedRoute,
  PublishedService,
  RouteState,
  RouteTarget,
  StackSnapshot,
} from '../protocol/messages.ts';
import { requiredPort } from './readiness/own-ports.ts';
import { describeUnasked } from './readiness/words.ts';
import type { Cause, ServiceState, Then } from './service.ts';
import { tellStatus } from './status.ts';
import type { Unit } from './unit.ts';
import type { Held } from './watch/held.ts';

/** A service with what has become of it. */
export interface ServiceView {
  readonly resolved: ResolvedService;
  readonly state: ServiceState;
  readonly restarts: number;
  readonly waitingFor: readonly string[];
  /** The last lines it printed. */
  readonly log: readonly string[];
  /** Started by the first request. */
  readonly armed: boolean;
  readonly targets: Unit['targets'];
  readonly instances: readonly InstanceView[];
  readonly revision: Unit['revision'];
  /** Files that restart it no more. */
  readonly held?: Held | undefined;
  /** The process that runs now. */
  readonly instance?: Mark | undefined;
}

/** A replica with the last lines that it printed, where it is not as it should be. */
type InstanceView = Unit['instances'][number] & { readonly log?: readonly string[] };

/** What tells a process from all others. */
interface Mark {
  readonly pid: number;
  readonly startTime: string;
  readonly marker: string;
}

/** @param stack what is said of the stack as a whole */
export const takeSnapshot = (
  views: readonly ServiceView[],
  stack: Pick<StackSnapshot, 'problems' | 'ending' | 'left'> = {},
): StackSnapshot => ({ services: views.map(publishService), routes: views.flatMap(routesOf), ...stack });

export function publishService(view: ServiceView): PublishedService {
  const { resolved, state, restarts, waitingFor, held } = view;
  const failure = failureOf(view);
  return {
    ...calledOf(resolved.service),
    kind: resolved.kind,
    state: resolved.kind === 'external' ? 'external' : state.state,
    ...tellStatus({ ...view, external: resolved.kind === 'external' }),
    ...tellUnasked(view),
    restarts,
    ports: resolved.ports.map((port) => publishPort(view, port)),
    ...(hasInstances(resolved) ? { instances: view.instances.map(publishInstance) } : {}),
    ...(held === undefined ? {} : { held: { ...held, files: [...held.files] } }),
    ...(resolved.service.kind === 'process' ? { revision: view.revision } : {}),
    // Of a container, that is only who reads its log.
    ...('pid' in state && state.pid !== undefined && resolved.kind !== 'compose'
      ? { pid: state.pid, ...withMark('instance', view.instance, state) }
      : {}),
    ...(state.state === 'done' ? { exitCode: state.exitCode } : {}),
    ...(state.state === 'waiting' ? { waitingFor: [...waitingFor] } : {}),
    ...(failure === undefined ? {} : { failure }),
  };
}

function publishPort(view: ServiceView, published: ResolvedPort): PublishedPort {
  const { service } = view.resolved;
  const listening = listensOn(view, published);
  const {
    name,
    appProtocol,
    port,
    targetPort,
    url,
    publicUrl,
    hosts,
    shortHosts,
    extraHosts,
    listener,
    follow,
    leased,
    ramp,
  } = published;
  return {
    name,
    appProtocol,
    port,
    targetPort,
    url: publicUrl ?? url,
    hosts: [...hosts, ...shortHosts, ...extraHosts],
    ...(listener === 'external' ? { listener } : {}),
    ...(follow === 'asked' ? { follow: true } : {}),
    ...(leased === undefined || (ramp && slotsOf(service) > 1) ? {} : { given: leased }),
    ...(listening === undefined ? {} : { listening }),
    ...(ramp ? { leases: leasesOf(published, slotsOf(service)).slice(1) } : {}),
  };
}

/**
 * Whether something of the service's own listens, as far as anybody has looked. Nothing does where no process is; of a
 * container the engine is asked, and of what others run nobody.
 */
function listensOn({ resolved, state, instances }: ServiceView, port: ResolvedPort): boolean | undefined {
  if (resolved.kind !== 'process') return undefined;
  const serving = instances
    .filter(({ role }) => role !== 'retiring')
    .map(({ listening }) => listening.get(port.name));
  if (serving.includes(true)) return true;
  if (serving.includes(false) || !('pid' in state)) return false;
  // Ready says nothing of it: as long as nobody has seen it listen, no request is sent there.
  return isUnasked(resolved, port) ? false : undefined;
}

/** Whether the service is ready without it: a probe says enough, and the contract does not mention the port. */
const isUnasked = ({ service }: ResolvedService, port: ResolvedPort): boolean =>
  service.kind === 'process' && port.primary && requiredPort(service.ready, [port]) === undefined;

/** What is to be said of a service that is ready although nothing listens on its port, as was seen. */
function tellUnasked({ resolved, state, instances }: ServiceView): Pick<PublishedService, 'reason' | 'hint'> {
  if (state.state !== 'ready') return {};
  const heard = instances.map(({ listening }) => listening);
  const silent = resolved.ports.find(
    (port) =>
      isUnasked(resolved, port) &&
      heard.some((one) => one.get(port.name) === false) &&
      !heard.some((one) => one.get(port.name) === true),
  );
  if (silent === undefined) return {};
  const { message: reason, hint } = describeUnasked(silent);
  return { reason, hint };
}

const hasInstances = ({ service, ports }: ResolvedService): boolean =>
  service.kind === 'process' && (service.replicas > 1 || ports.some((port) => port.ramp));

/** Without a start time nothing can be proved of it: it was gone before it could be read. */
function withMark<Key extends string>(
  key: Key,
  mark: Mark | undefined,
  life: ServiceState,
): { [K in Key]?: Pick<Mark, 'startTime' | 'marker'> } {
  const isIts = mark !== undefined && 'pid' in life && life.pid === mark.pid && mark.startTime !== '';
  const found = isIts ? { [key]: { startTime: mark.startTime, marker: mark.marker } } : {};
  return found as { [K in Key]?: Pick<Mark, 'startTime' | 'marker'> };
}

function publishInstance(instance: InstanceView): PublishedInstance {
  const { slot, life, role, launched, log = [] } = instance;
  const failure = failureOf({ state: life, log });
  return {
    slot,
    role,
    state: life.state,
    ports: Object.fromEntries((launched?.ports ?? []).map(({ name, targetPort }) => [name, targetPort])),
    ...('pid' in life && life.pid !== undefined ? { pid: life.pid } : {}),
    ...withMark('mark', instance.process, life),
    ...(failure === undefined ? {} : { failure }),
  };
}

function failureOf({ state, log }: Pick<ServiceView, 'state' | 'log'>): Failure | undefined {
  const cause = causeOf(state);
  if (cause === undefined) return undefined;
  const { message, hint, exitCode, signal } = cause;
  return { message, hint, exitCode, signal, log: [...log] };
}

function causeOf(state: ServiceState): Cause | undefined {
  if (state.state === 'failed' || state.state === 'backoff') return state.cause;
  if (state.state === 'stopping' && state.then.kind === 'failed') return state.then.cause;
  return state.state === 'unwell' ? { message: state.problem, hint: state.hint } : undefined;
}

/** The front speaks HTTP/1.1 to these. */
const ROUTED: readonly AppProtocol[] = ['http', 'https'];

function routesOf(view: ServiceView): PublishedRoute[] {
  const { resolved } = view;
  return resolved.ports
    .filter((port) => ROUTED.includes(port.appProtocol))
    .flatMap((port) => {
      const { hosts, shortHosts, extraHosts, paths, rewrite } = port;
      const shared = {
        service: resolved.name,
        port: port.name,
        route: routeState(view, port),
        ...(rewrite === undefined ? {} : { rewrite }),
        ...(resolved.kind === 'external' ? { hostHeader: hostHeaderOf(port) } : {}),
        ...browserOf(resolved),
      };
      const [canonical] = hosts;
      return paths.flatMap((path) => {
        const way = path === '/' ? shared : { path, ...shared };
        return [
          ...hosts.map((host) => ({ host, ...way })),
          ...shortHosts.map((host) => ({ host, ...way, ...(canonical === undefined ? {} : { canonical }) })),
          ...extraHosts.map((host) => ({ host, ...way })),
        ];
      });
    });
}

/** Services of the same stack need no entry. */
function browserOf({ service }: ResolvedService): Pick<PublishedRoute, 'browser' | 'formPosts'> {
  const { browser, formPosts } = accessOf(service) ?? {};
  return {
    ...(browser === undefined
      ? {}
      : { browser: browser === 'any' ? browser : browser.filter((origin) => origin.includes('://')) }),
    ...(formPosts === undefined ? {} : { formPosts: [...formPosts] }),
  };
}

const hostHeaderOf = ({ appProtocol, host, targetPort }: ResolvedPort): string =>
  targetPort === (appProtocol === 'https' ? 443 : 80) ? host : `${host}:${targetPort}`;

function routeState(view: ServiceView, port: ResolvedPort): RouteState {
  const { state, resolved } = view;
  const { service } = resolved;
  if (service.kind === 'external') return { state: 'live', targets: [targetOf(port, service.tls)] };
  // A request that goes where nothing listens is refused; one that waits may yet be answered.
  const silent = new Set(
    view.instances.filter(({ listening }) => listening.get(port.name) === false).map(({ slot }) => slot),
  );
  const targets = view.targets
    .filter(({ slot }) => !silent.has(slot))
    .flatMap(({ service: { ports } }) =>
      ports.filter(({ name }) => name === port.name).map((own) => targetOf(own, OWN_TLS)),
    );
  if (targets.length > 0) return { state: 'live', targets };
  switch (state.state) {
    case 'waiting':
    case 'starting':
    case 'backoff':
      return { state: 'warming' };
    case 'ready':
      return isUnasked(resolved, port)
        ? { state: 'warming', probed: true, failure: { ...describeUnasked(port), log: [...view.log] } }
        : { state: 'warming' };
    case 'warming':
    case 'unwell': {
      const failure = unansweredBy(view);
      return failure === undefined ? { state: 'warming' } : { state: 'warming', failure };
    }
    case 'failed':
      return { state: 'failed', failure: failureOf(view) ?? { message: 'failed', log: [] } };
    case 'stopping':
      return whileStopping(view, state.then);
    case 'idle':
      return view.armed ? { state: 'warming', wake: true } : { state: 'stopped' };
    case 'done':
      return { state: 'stopped' };
  }
}

/** Why nothing answers although it runs. */
function unansweredBy(view: ServiceView): Failure | undefined {
  const { state, log } = view;
  if (state.state !== 'warming') return failureOf(view);
  return state.found && { message: state.found.message, hint: state.found.hint, log: [...log] };
}

function whileStopping(view: ServiceView, then: Then): RouteState {
  switch (then.kind) {
    case 'waiting':
      return { state: 'warming' };
    case 'failed':
      return { state: 'failed', failure: failureOf(view) ?? { message: then.cause.message, log: [] } };
    case 'idle':
      return view.armed ? { state: 'warming', wake: true } : { state: 'stopped' };
  }
}

/**
 * That a listener is the service's own is verified by asking the system who has it, which proves more than a certificate
 * that the service made itself. Servers that have certificates for names only are asked for the one of this machine.
 */
const OWN_TLS: NonNullable<RouteTarget['tls']> = { verify: false, serverName: 'localhost' };

const targetOf = ({ appProtocol, host, targetPort }: ResolvedPort, tls: RouteTarget['tls']): RouteTarget =>
  appProtocol === 'https'
    ? { protocol: 'https', host, port: targetPort, ...(tls === undefined ? {} : { tls }) }
    : { protocol: 'http', host, port: targetPort };
