/** What a runner tells the daemon about its services. Pure. */
import type { AppProtocol } from '../contract/contract.ts';
import { accessOf } from '../plan/access.ts';
import type { ResolvedPort, ResolvedService } from '../plan/plan.ts';
import type {
  Failure,
  PublishedRoute,
  PublishedService,
  RouteState,
  StackSnapshot,
} from '../protocol/messages.ts';
import type { Cause, ServiceState, Then } from './service.ts';

/** A service with what has become of it. */
export interface ServiceView {
  readonly resolved: ResolvedService;
  readonly state: ServiceState;
  readonly restarts: number;
  readonly waitingFor: readonly string[];
  /** The process that runs now. */
  readonly instance?:
    { readonly pid: number; readonly startTime: string; readonly marker: string } | undefined;
  /** The last lines it printed. */
  readonly log: readonly string[];
}

export const takeSnapshot = (views: readonly ServiceView[], problems: readonly string[]): StackSnapshot => ({
  services: views.map(publishService),
  routes: views.flatMap(routesOf),
  problems: [...problems],
});

export function publishService(view: ServiceView): PublishedService {
  const { resolved, state, restarts, waitingFor } = view;
  const failure = failureOf(view);
  return {
    name: resolved.name,
    kind: resolved.kind,
    state: resolved.kind === 'external' ? 'external' : state.state,
    restarts,
    ports: resolved.ports.map(publishPort),
    ...('pid' in state && state.pid !== undefined ? { pid: state.pid, ...markOf(view, state.pid) } : {}),
    ...(state.state === 'done' ? { exitCode: state.exitCode } : {}),
    ...(state.state === 'waiting' ? { waitingFor: [...waitingFor] } : {}),
    ...(failure === undefined ? {} : { failure }),
  };
}

function markOf({ instance }: ServiceView, pid: number): Pick<PublishedService, 'instance'> {
  // Without a start time nothing can be proved of it: it was gone before it could be read.
  if (instance === undefined || instance.pid !== pid || instance.startTime === '') return {};
  const { startTime, marker } = instance;
  return { instance: { startTime, marker } };
}

const publishPort = ({
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
}: ResolvedPort) => ({
  name,
  appProtocol,
  port,
  targetPort,
  url: publicUrl ?? url,
  hosts: [...hosts, ...shortHosts, ...extraHosts],
  ...(listener === 'external' ? { listener } : {}),
  ...(follow ? { follow } : {}),
});

function failureOf({ state, log }: ServiceView): Failure | undefined {
  const cause = causeOf(state);
  if (cause === undefined) return undefined;
  const { message, hint, exitCode, signal } = cause;
  return { message, hint, exitCode, signal, log: [...log] };
}

function causeOf(state: ServiceState): Cause | undefined {
  if (state.state === 'failed' || state.state === 'backoff') return state.cause;
  if (state.state === 'stopping' && state.then.kind === 'failed') return state.then.cause;
  return state.state === 'unwell' ? { message: `does not answer any more: ${state.problem}` } : undefined;
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
function browserOf({ service }: ResolvedService): Pick<PublishedRoute, 'browser'> {
  const browser = accessOf(service)?.browser;
  if (browser === undefined) return {};
  return { browser: browser === 'any' ? browser : browser.filter((origin) => origin.includes('://')) };
}

const hostHeaderOf = ({ appProtocol, host, targetPort }: ResolvedPort): string =>
  targetPort === (appProtocol === 'https' ? 443 : 80) ? host : `${host}:${targetPort}`;

function routeState(view: ServiceView, port: ResolvedPort): RouteState {
  const { state, resolved } = view;
  if (resolved.kind === 'external') return live(port);
  switch (state.state) {
    case 'waiting':
    case 'starting':
    case 'warming':
    case 'backoff':
      return { state: 'warming' };
    case 'ready':
    case 'unwell':
      return live(port);
    case 'failed':
      return { state: 'failed', failure: failureOf(view) ?? { message: 'failed', log: [] } };
    case 'stopping':
      return whileStopping(view, state.then);
    case 'idle':
    case 'done':
      return { state: 'stopped' };
  }
}

function whileStopping(view: ServiceView, then: Then): RouteState {
  switch (then.kind) {
    case 'waiting':
      return { state: 'warming' };
    case 'failed':
      return { state: 'failed', failure: failureOf(view) ?? { message: then.cause.message, log: [] } };
    case 'idle':
      return { state: 'stopped' };
  }
}

const live = ({ appProtocol, host, targetPort }: ResolvedPort): RouteState => ({
  state: 'live',
  targets: [{ protocol: appProtocol === 'https' ? 'https' : 'http', host, port: targetPort }],
});
