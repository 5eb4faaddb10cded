/** Which stack and service has a port, and whether what listens there is theirs. */
import type { NumberHolder } from '../check/held-ports.ts';
import { howToEnd } from '../lib/holder.ts';
import { locateHome } from '../lib/home.ts';
import { askSystem } from '../ports/evidence.ts';
import type { Evidence } from '../ports/owner.ts';
import type { DaemonClient } from '../protocol/client.ts';
import type { PortHolder, PublishedService, RunningStack } from '../protocol/messages.ts';
import { mayListen } from '../protocol/status.ts';
import { belongingOf } from '../runtime/runs/clean.ts';
import type { RunningContainer } from '../runtime/engine/publishers.ts';
import type { MadeContainer, RecordedStack, RunningContainers } from './unattended.ts';
import { isOf } from './why/ask.ts';

/** A service that a number belongs to, by its lease or because it listens there. */
export interface PortPlace {
  readonly stack: RunningStack;
  readonly service: string;
  /** The name of the port in the contract; absent where the service listens on a number that is not its own. */
  readonly port?: string;
}

export type PortOwner =
  /** What listens is the service's, or the runner's for it. */
  | ({ readonly kind: 'service'; readonly holders: readonly PortHolder[] } & PortPlace)
  /** A container that portramp had made listens, and no running stack speaks of the number. */
  | ({ readonly kind: 'container'; readonly container: MadeContainer } & ContainerPlace)
  | { readonly kind: 'front' }
  /** Somebody listens who belongs to no stack; `reserved` when the number is one's all the same. */
  | {
      readonly kind: 'stranger';
      readonly holders: readonly PortHolder[];
      /** The container for which the engine listens. */
      readonly container?: RunningContainer | undefined;
      readonly reserved?: PortPlace | undefined;
    }
  /** `forbidden` where this user may not open the port. */
  | {
      readonly kind: 'nobody';
      readonly reserved?: PortPlace | undefined;
      readonly forbidden?: true | undefined;
    };

type FindContainers = (client: DaemonClient) => Promise<RunningContainers | undefined>;

/** Loads YAML and the schema. */
const askEngine: FindContainers = async (client) => (await import('./unattended.ts')).findRunning(client);

/** Names the owner of a container. */
export interface ContainerPlace {
  readonly stack: RecordedStack;
  readonly service: string;
  readonly port?: string | undefined;
}

/** @param findContainers Asks the engine, where nothing else tells who listens. */
export async function findPortOwner(
  client: DaemonClient,
  number: number,
  findContainers: FindContainers = askEngine,
): Promise<PortOwner> {
  const { stacks, front } = await client.request('list', { all: true, holdings: true });
  if (front.http === number) return { kind: 'front' };
  const places = stacks.flatMap((stack) => placesOf(stack, number));
  // Where it runs counts more than where it is only kept.
  const place = places.find(({ stack }) => stack.pid !== undefined) ?? places[0];
  const service = place?.stack.services.find(({ name }) => name === place.service);
  const { free, holders, forbidden } = await client.request('holder', { port: number });
  if (free) return { kind: 'nobody', reserved: place, forbidden };
  const evidence = askSystem();
  const isRunners = holders.some(({ pid }) => pid !== undefined && pid === place?.stack.pid);
  const isOwn = service !== undefined && isServices(service, holders, evidence);
  if (place !== undefined && (isRunners || isOwn)) {
    return { kind: 'service', holders, ...place };
  }
  const squatter = findSquatter(stacks, holders, evidence);
  if (squatter !== undefined) return { kind: 'service', holders, ...squatter };
  // An engine that cannot be asked leaves it at what the system tells.
  const running = await findContainers(client).catch(() => undefined);
  const isPublished = ({ published }: RunningContainer): boolean => published.includes(`${number}/tcp`);
  const made = running?.made.find(isPublished);
  if (made !== undefined) return containersOwner(made, { stacks, holders, place });
  return { kind: 'stranger', holders, reserved: place, container: running?.others.find(isPublished) };
}

function containersOwner(
  container: MadeContainer,
  {
    stacks,
    holders,
    place,
  }: {
    readonly stacks: readonly RunningStack[];
    readonly holders: readonly PortHolder[];
    readonly place: PortPlace | undefined;
  },
): PortOwner {
  const { owners, service } = container;
  const slugs = owners.map(({ slug }) => slug);
  const running = stacks.find(({ slug, pid }) => pid !== undefined && slugs.includes(slug));
  const known = running?.services.find(({ name, kind }) => kind === 'compose' && name === service);
  if (running !== undefined && known !== undefined) {
    return { kind: 'service', holders, stack: running, service };
  }
  const isKept = place !== undefined && slugs.includes(place.stack.slug);
  if (isKept) return { kind: 'container', container, ...place };
  return {
    kind: 'container',
    container,
    stack: running ?? owners[0] ?? { slug: container.project },
    service,
  };
}

/** The service that listens there though the number is not its own: one that chooses its port itself. */
function findSquatter(
  stacks: readonly RunningStack[],
  holders: readonly PortHolder[],
  evidence: Evidence,
): PortPlace | undefined {
  const pids = holders.flatMap(({ pid }) => pid ?? []);
  for (const stack of stacks) {
    if (stack.pid === undefined) continue;
    const service = stack.services.find((one) => pids.some((pid) => isOf(one, pid, evidence)));
    if (service !== undefined) return { stack, service: service.name };
  }
  return undefined;
}

/** Adds which stack's each holder is, by what runs have written down. */
export function withBelonging(holders: readonly PortHolder[]): Promise<NumberHolder[]> {
  const { runs } = locateHome();
  return Promise.all(
    holders.map(async (holder) => {
      const { pid } = holder;
      const belonging = pid === undefined ? undefined : await belongingOf(runs, pid).catch(() => undefined);
      return { ...holder, belonging };
    }),
  );
}

/** Says what to type to end a listener that no running stack has; undefined where it is not one process. */
export async function howToEndStranger(number: number, owner: PortOwner): Promise<string | undefined> {
  if (owner.kind !== 'stranger') return undefined;
  // Ended by its pid, what listens for a container would leave that running.
  if (owner.container !== undefined) return `to end it: docker stop ${owner.container.name}`;
  const [holder, ...others] = await withBelonging(owner.holders.filter(({ pid }) => pid !== undefined));
  // A process of a stack that cannot be stopped by this number is named; its pid is not the way to end it.
  if (holder === undefined || others.length > 0 || holder.belonging === 'live') return undefined;
  return `to end it: ${howToEnd(number, holder)}`;
}

/** All that a stack has a number for: what it listens on, and what is kept for it. */
function placesOf(stack: RunningStack, number: number): PortPlace[] {
  const listening = stack.services.flatMap(({ name, kind, ports, instances = [] }) => {
    const port =
      ports.find((one) => one.targetPort === number || one.port === number)?.name ??
      instances.flatMap((each) => Object.entries(each.ports)).find(([, each]) => each === number)?.[0];
    return port === undefined || kind === 'external' ? [] : [{ stack, service: name, port }];
  });
  const leased = (stack.leases ?? []).filter((lease) => lease.number === number);
  return [...listening, ...leased.map(({ service, port }) => ({ stack, service, port }))];
}

/** Tells whether what listens belongs to the service. Who listens for a container is the engine. */
const isServices = (
  service: PublishedService,
  holders: readonly PortHolder[],
  evidence: Evidence,
): boolean =>
  service.kind === 'compose'
    ? mayListen(service)
    : holders.some(({ pid }) => pid !== undefined && isOf(service, pid, evidence));
