/** Waits for services that were told to have more or fewer replicas. */
import { PortrampError } from '../../lib/errors.ts';
import type { LastingClient } from '../lasting.ts';
import type { PublishedService, StackKey } from '../../protocol/messages.ts';
import { meaningOf, statusOf } from '../../protocol/status.ts';
import { explainLoss, isLost, takenDown, type Outcome } from './outcome.ts';
import { waitUntil } from './wait.ts';

/** Resolves when each service has as many replicas as it shall, or one is lost. @throws PortrampError TIMEOUT */
export async function waitForScale(
  client: LastingClient,
  key: StackKey,
  sizes: ReadonlyMap<string, number>,
  timeout: number,
): Promise<Outcome> {
  const isMeant = ({ name }: PublishedService): boolean => sizes.has(name);
  const isOpen = (service: PublishedService): boolean =>
    isMeant(service) && !hasReplicas(service, sizes.get(service.name) ?? 1);
  const isOver = (service: PublishedService): boolean =>
    meaningOf(service).isFinal || brokenOf(service) > 0 || !isOpen(service);
  const stack = await waitUntil(client, key, {
    timeout,
    isOpen,
    isOver: (seen) => (seen?.services ?? []).filter(isMeant).every(isOver),
  });
  if (stack === undefined) throw takenDown();
  const meant = stack.services.filter(isMeant);
  const settled = meant
    .filter((service) => !isOpen(service) && (isAsleep(service) || !isLost(service)))
    .map((service) => ({ service, note: noteOn(service, sizes.get(service.name) ?? 1) }));
  const lost = meant.find((service) => isLost(service) && !isAsleep(service));
  if (lost !== undefined) return { settled, error: await explainLoss(client, stack, lost) };
  const broken = meant.find((service) => brokenOf(service) > 0);
  return broken === undefined ? { settled } : { settled, error: explainBroken(broken) };
}

/** Tells whether the service has no replica now, and will have as many as were asked for. */
const isAsleep = (service: PublishedService): boolean => ['stopped', 'sleeping'].includes(statusOf(service));

function noteOn(service: PublishedService, size: number): string {
  const text = size === 1 ? 'one replica' : `${size} replicas`;
  return isAsleep(service) ? `${text} when it is started` : text;
}

/** Whether it has that many, all of the newest values, and all as well as the service. */
function hasReplicas(service: PublishedService, size: number): boolean {
  const { instances, revision } = service;
  if (isAsleep(service)) return true;
  if (!meaningOf(service).isSettled) return false;
  if (revision !== undefined && revision.refused === undefined && revision.serving < revision.asked)
    return false;
  // One that has no ramp and no sibling is told without its instances.
  if (instances === undefined) return size === 1;
  const isReady = statusOf(service) === 'ready';
  return (
    instances.length === size &&
    instances.every(({ role, state }) => role === 'serving' && (!isReady || state === 'ready'))
  );
}

const brokenOf = ({ instances = [] }: PublishedService): number =>
  instances.filter(({ state }) => state === 'failed').length;

const explainBroken = (service: PublishedService): PortrampError =>
  new PortrampError(
    'SERVICE_FAILED',
    `${brokenOf(service)} of ${service.instances?.length ?? 1} replicas of ${service.name} failed`,
    { hint: `see "portramp logs ${service.name}"` },
  );
