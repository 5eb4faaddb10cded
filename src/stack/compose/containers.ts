/** The containers of a running stack: how they are launched and looked at, and the bridges that lead out of them. */
import type { Home } from '../../lib/home.ts';
import { isHttpLike } from '../../contract/ports.ts';
import { bridgePort } from '../../plan/viewpoint.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import type { PortHolder } from '../../protocol/messages.ts';
import { createComposeEngine, type ComposeEngine, type ContainerSpec } from '../../runtime/compose/engine.ts';
import { probeContainer } from '../../runtime/compose/probe.ts';
import type { ComposeCall } from '../../runtime/compose/resolve.ts';
import type { StartFailure, StartResult } from '../../runtime/instance.ts';
import { describeHolder } from '../../lib/holder.ts';
import type { PreparedStack } from '../prepare.ts';
import type { Look } from '../readiness.ts';
import type { ServiceState } from '../service.ts';
import { createBridges, findBridgeAddress, type Bridge, type Bridges } from './bridge.ts';
import { storeOverride } from './store.ts';

export interface Containers {
  /** Takes over what the stack is from now on. Called before anything of it is launched. */
  use(prepared: PreparedStack): Promise<void>;
  launch(
    service: ResolvedService,
    spec: Omit<ContainerSpec, 'service' | 'findConflict'>,
  ): Promise<StartResult>;
  lookAt(service: ResolvedService): Look;
  /** Opens and closes the ways from containers to processes, as those come and go. */
  bridge(units: readonly Bridged[]): void;
  /** From now on stopping leaves containers running. True when there are any. */
  letGo(): boolean;
  /** Removes them all, and their networks. */
  down(): Promise<StartFailure | undefined>;
  close(): Promise<void>;
}

export interface Bridged {
  readonly name: string;
  readonly resolved: ResolvedService;
  readonly state: ServiceState;
}

export interface ContainersOptions {
  readonly home: Home;
  readonly holdersOf: (port: number) => Promise<readonly PortHolder[] | undefined>;
  readonly onNotice: (text: string) => void;
}

const LOOK_TIMEOUT = 3_000;

export function createContainers({ home, holdersOf, onNotice }: ContainersOptions): Containers {
  let prepared: PreparedStack | undefined;
  let call: ComposeCall | undefined;
  let engine: ComposeEngine | undefined;
  let launched = false;
  let address: Promise<string | undefined> | undefined;
  const bridges: Bridges = createBridges(
    () => (address ??= findBridgeAddress(call?.environment ?? process.env)),
    onNotice,
  );
  let bridging: Promise<void> = Promise.resolve();
  let bridged = '';

  const findConflict = async (
    { name, ports }: ResolvedService,
    own: ReadonlySet<number>,
  ): Promise<StartFailure | undefined> => {
    for (const { name: port, targetPort } of ports) {
      const holders = own.has(targetPort) ? [] : await holdersOf(targetPort);
      const [holder] = holders ?? [];
      if (holder === undefined) continue;
      return {
        message: `port ${targetPort} (${port}) is held by ${describeHolder(holder)}`,
        hint: `end it, then: portramp start ${name}`,
      };
    }
    return undefined;
  };

  return {
    use: async (next) => {
      prepared = next;
      const { compose } = next;
      if (compose?.binary === undefined) return;
      const path = await storeOverride(home, compose);
      // Whatever its profile, a service that is wanted is started.
      const files = [...compose.files, path];
      call = { ...compose.call, binary: compose.binary, files, profiles: ['*'] };
    },
    launch: async (service, spec) => {
      const known = call;
      if (known === undefined || service.service.kind !== 'compose') {
        const hint = 'install Docker Compose 2.24.4 or newer, or name its program in PORTRAMP_COMPOSE';
        return { ok: false, failure: { message: 'Docker Compose was not found', hint } };
      }
      engine ??= createComposeEngine(() => call ?? known);
      launched = true;
      return engine.start({
        ...spec,
        service: service.service.compose,
        findConflict: (own) => findConflict(service, own),
      });
    },
    lookAt: (service) => (signal) => lookAt(service, engine, signal),
    bridge: (units) => {
      const wanted = prepared === undefined ? [] : bridgesFor(prepared, units);
      const key = JSON.stringify(wanted);
      if (key === bridged) return;
      bridged = key;
      bridging = bridging.then(() => bridges.set(wanted));
    },
    letGo: () => {
      engine?.letGo();
      return launched;
    },
    down: async () => {
      const known = call;
      if (known === undefined) return undefined;
      engine ??= createComposeEngine(() => known);
      return engine.down();
    },
    close: async () => {
      engine?.close();
      await bridging;
      await bridges.close();
    },
  };
}

/** Its own healthcheck, else something answers on its first port; without either, it runs. */
async function lookAt(
  { service, ports }: ResolvedService,
  engine: ComposeEngine | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (service.kind !== 'compose') return undefined;
  if (service.hasHealthcheck) {
    const containers = engine?.containersOf(service.compose) ?? [];
    const sick = containers.find(({ health }) => health !== 'healthy');
    if (containers.length === 0) return 'the engine has not told about it yet';
    return sick === undefined ? undefined : `its healthcheck says: ${sick.health || sick.state}`;
  }
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

/** Only for processes that answer: a process could not listen on every address beside a listener on one of them. */
function bridgesFor({ leases }: PreparedStack, units: readonly Bridged[]): Bridge[] {
  return units
    .filter(({ state }) => state.state === 'ready' || state.state === 'unwell')
    .flatMap(({ name, resolved }) =>
      resolved.ports.flatMap(({ name: port, targetPort }) => {
        const lease = leases.find((each) => each.service === name && each.port === bridgePort(port));
        return lease === undefined ? [] : [{ number: lease.number, target: targetPort }];
      }),
    );
}
