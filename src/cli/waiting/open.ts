/** What is still waited for, in words, and where the root of it is. Pure. */
import type { PublishedService, ServiceDetails } from '../../protocol/messages.ts';
import { meaningOf, statusOf } from '../../protocol/status.ts';
import { complaintOf } from '../complaint.ts';
import { describeShortage } from '../instances.ts';

/**
 * `api is starting: waits for db`, or `db is starting: last look: answered with 500`.
 * @param details what the runner knows of the service, where it was asked
 */
export function describeOpen(service: PublishedService, details?: ServiceDetails): string {
  const found = details?.probe?.problem;
  const reason = complaintOf(service).reason ?? (found === undefined ? undefined : `last look: ${found}`);
  const status = statusOf(service);
  if (isBehind(service)) return `${service.name} is ${status}: ${describeSwap(service)}`;
  // What was looked at last may be a replica that is well: each is told by itself.
  const shortage = meaningOf(service).isUp ? describeShortage(service) : undefined;
  if (shortage !== undefined) return `${service.name} is ${status}: ${shortage}`;
  return `${service.name} is ${status}${reason === undefined ? '' : `: ${reason}`}`;
}

/** Tells whether what serves is older than what was asked for, and the newer is still on its way. */
export const isBehind = ({ revision }: PublishedService): boolean =>
  revision !== undefined && revision.refused === undefined && revision.serving < revision.asked;

function describeSwap({ instances = [] }: PublishedService): string {
  const challenger = instances.find(({ role }) => role === 'challenger');
  if (challenger !== undefined) return `the old instance serves until the new one is ready`;
  const isDraining = instances.some(({ role }) => role === 'retiring');
  return isDraining
    ? 'the new instance starts when the one before has finished its requests'
    : 'the old instance serves until the new one is there';
}

/**
 * The service at the end of the chain of unmet needs; the service itself where nothing is missing. `details` is what
 * the runner knows of needs; without it, only services that have not been started say whom they wait for.
 */
export function rootOf(
  services: readonly PublishedService[],
  service: PublishedService,
  details: ReadonlyMap<string, ServiceDetails>,
  seen: ReadonlySet<string> = new Set(),
): PublishedService {
  const open = details.get(service.name)?.needs.filter(({ met, optional }) => !met && !optional);
  const names = open?.map((need) => need.service) ?? (service.state === 'waiting' ? service.waitingFor : []);
  const next = services.find(({ name }) => names?.includes(name) === true && !seen.has(name));
  if (next === undefined || next.name === service.name) return service;
  return rootOf(services, next, details, new Set([...seen, service.name]));
}
