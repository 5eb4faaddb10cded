/** Which stack and service has a port, and whether what listens there is theirs. */
import type { DaemonClient } from '../protocol/client.ts';
import type { PortHolder, PublishedService, RunningStack } from '../protocol/messages.ts';
import { lookAtPort } from './why/ask.ts';

/** A service that a number belongs to, by its lease or because it listens there. */
export interface PortPlace {
  readonly stack: RunningStack;
  readonly service: string;
  /** The name of the port in the contract. */
  readonly port: string;
}

export type PortOwner =
  /** What listens is the service's, or the runner's for it. */
  | ({ readonly kind: 'service'; readonly holders: readonly PortHolder[] } & PortPlace)
  | { readonly kind: 'front' }
  /** Somebody listens who belongs to no stack; `reserved` when the number is one's all the same. */
  | {
      readonly kind: 'stranger';
      readonly holders: readonly PortHolder[];
      readonly reserved?: PortPlace | undefined;
    }
  | { readonly kind: 'nobody'; readonly reserved?: PortPlace | undefined };

export async function findPortOwner(client: DaemonClient, number: number): Promise<PortOwner> {
  const { stacks, front } = await client.request('list', { all: true, holdings: true });
  if (front.http === number) return { kind: 'front' };
  const places = stacks.flatMap((stack) => placesOf(stack, number));
  // Where it runs counts more than where it is only kept.
  const place = places.find(({ stack }) => stack.pid !== undefined) ?? places[0];
  const service = place?.stack.services.find(({ name }) => name === place.service);
  const { free, holders } = await client.request('holder', { port: number });
  if (free) return { kind: 'nobody', reserved: place };
  if (place === undefined) return { kind: 'stranger', holders };
  const isRunners = holders.some(({ pid }) => pid !== undefined && pid === place.stack.pid);
  if (isRunners || (service !== undefined && (await isServices(client, number, service)))) {
    return { kind: 'service', holders, ...place };
  }
  return { kind: 'stranger', holders, reserved: place };
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

/** Whether what listens belongs to a process of the service. Who listens for a container is the engine. */
async function isServices(client: DaemonClient, number: number, service: PublishedService): Promise<boolean> {
  if (service.kind === 'compose') return true;
  const replicas = (service.instances ?? []).map(({ pid, mark }) => ({ ...service, pid, instance: mark }));
  for (const one of [service, ...replicas]) {
    if ((await lookAtPort(client, number, one)).own.size > 0) return true;
  }
  return false;
}
