/** Waits for services that were told to have more or fewer replicas. */
import { PortrampError } from '../../lib/errors.ts';
import type { LastingClient } from '../lasting.ts';
import type { PublishedInstance, PublishedService, RunningStack, StackKey } from '../../protocol/messages.ts';
import { meaningOf, statusOf } from '../../protocol/status.ts';
import { describeInstance, servingOf } from '../instances.ts';
import { displayText } from '../terminal.ts';
import { readLastLines } from './last-lines.ts';
import { explainLoss, isLost, takenDown, type Outcome } from './outcome.ts';
import { quoteLast, waitUntil } from './wait.ts';

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
    meaningOf(service).isFinal || failedOf(service).length > 0 || !isOpen(service);
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
  const broken = meant.find((service) => failedOf(service).length > 0);
  return broken === undefined ? { settled } : { settled, error: await explainFailed(stack, broken) };
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

const failedOf = (service: PublishedService): PublishedInstance[] =>
  servingOf(service).filter(({ state }) => state === 'failed');

/** Names each replica that failed, and what one of them printed last. */
async function explainFailed(stack: RunningStack, service: PublishedService): Promise<PortrampError> {
  const { name } = service;
  const failed = failedOf(service);
  const each = failed.map((one) => `\n  ${displayText(describeInstance(service, one))}`).join('');
  const last = quoteLast('one of them', await readLastLines(stack.slug, service));
  return new PortrampError(
    'SERVICE_FAILED',
    `${failed.length} of ${servingOf(service).length} replicas of ${name} failed${each}${last}`,
    { hint: `see "portramp logs ${name}"; after a cure, "portramp restart ${name}"` },
  );
}
