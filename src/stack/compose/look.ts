/** Looks at a container: what the engine knows against it, and whether it answers. */
import { isHttpLike } from '../../contract/ports.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import type { ComposeEngine } from '../../runtime/compose/engine.ts';
import { probeContainer } from '../../runtime/compose/probe.ts';
import { findContainerProblem, findIllness } from './health.ts';
import type { WantedNetworks } from './networks.ts';

/** Milliseconds. */
const LOOK_TIMEOUT = 3_000;

/** What the engine knows against it, whatever its healthcheck says. */
export function problemOf(
  { name, service, ports }: ResolvedService,
  engine: ComposeEngine | undefined,
  { own, joined }: WantedNetworks = { own: [], joined: [] },
): string | undefined {
  if (service.kind !== 'compose') return undefined;
  if (engine?.problem !== undefined) return engine.problem;
  const containers = engine?.containersOf(service.compose) ?? [];
  return findContainerProblem({ name, containers, ports, networks: [...own, ...joined] });
}

/** Whether what the engine knows against it is why. One that ends says why in what it prints. */
export function isExplained(
  service: ResolvedService,
  engine: ComposeEngine | undefined,
  networks?: WantedNetworks,
): boolean {
  if (problemOf(service, engine, networks) === undefined) return false;
  const own = service.service.kind === 'compose' ? (engine?.containersOf(service.service.compose) ?? []) : [];
  return engine?.problem !== undefined || own.every(({ state }) => state === 'running' || state === 'paused');
}

/** Its own healthcheck, else something answers on its first port, else nothing more. */
export async function lookAt(
  { service, ports }: ResolvedService,
  engine: ComposeEngine | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (service.kind !== 'compose') return undefined;
  if (service.hasHealthcheck) return findIllness(engine?.containersOf(service.compose) ?? []);
  const port = ports.find(({ primary }) => primary) ?? ports[0];
  if (port === undefined) return undefined;
  return probeContainer({
    port: port.targetPort,
    image: service.image,
    isHttp: port.implicit && isHttpLike(port.appProtocol),
    timeout: LOOK_TIMEOUT,
    signal,
  });
}
