/** What a runner tells the daemon about its services. Pure. */
import type { AppProtocol } from '../contract/contract.ts';
import type { ResolvedPort, ResolvedService } from '../plan/plan.ts';
import type {
  Failure,
  PublishedRoute,
  PublishedService,
  RouteState,
  StackSnapshot,
} from '../protocol/messages.ts';
import type { Cause, ServiceState } from './service.ts';

/** A service with what has become of it. */
export interface ServiceView {
  readonly resolved: ResolvedService;
  readonly state: ServiceState;
  readonly restarts: number;
  readonly waitingFor: readonly string[];
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
    ...('pid' in state && state.pid !== undefined ? { pid: state.pid } : {}),
    ...(state.state === 'done' ? { exitCode: state.exitCode } : {}),
    ...(state.state === 'waiting' ? { waitingFor: [...waitingFor] } : {}),
    ...(failure === undefined ? {} : { failure }),
  };
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
}: ResolvedPort) => ({
  name,
  appProtocol,
  port,
  targetPort,
  url: publicUrl ?? url,
  hosts: [...hosts, ...shortHosts],
});

function failureOf({ state, log }: ServiceView): Failure | undefined {
  const cause = causeOf(state);
  if (cause === undefined) return undefined;
  const { message, hint, exitCode, signal } = cause;
  return { message, hint, exitCode, signal, log: [...log] };
}

function causeOf(state: ServiceState): Cause | undefined {
  if (state.state === 'failed' || state.state === 'backoff') return state.cause;
  return state.state === 'unwell' ? { message: `does not answer any more: ${state.problem}` } : undefined;
}

/** The front speaks HTTP/1.1 to these. */
const ROUTED: readonly AppProtocol[] = ['http', 'https'];

function routesOf(view: ServiceView): PublishedRoute[] {
  const { resolved } = view;
  return resolved.ports
    .filter((port) => ROUTED.includes(port.appProtocol))
    .flatMap((port) => {
      const shared = {
        service: resolved.name,
        port: port.name,
        route: routeState(view, port),
        ...(resolved.kind === 'external' ? { hostHeader: hostHeaderOf(port) } : {}),
      };
      const [canonical] = port.hosts;
      return [
        ...port.hosts.map((host) => ({ host, ...shared })),
        ...port.shortHosts.map((host) => ({
          host,
          ...shared,
          ...(canonical === undefined ? {} : { canonical }),
        })),
      ];
    });
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
      return state.then.kind === 'waiting' ? { state: 'warming' } : { state: 'stopped' };
    case 'idle':
    case 'done':
      return { state: 'stopped' };
  }
}

const live = ({ appProtocol, host, targetPort }: ResolvedPort): RouteState => ({
  state: 'live',
  targets: [{ protocol: appProtocol === 'https' ? 'https' : 'http', host, port: targetPort }],
});
