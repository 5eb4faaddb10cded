/** What becomes of services that were told to start, restart or stop. */
import { PortrampError } from '../../lib/errors.ts';
import type { LastingClient } from '../lasting.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { PublishedService, RunningStack, StackKey } from '../../protocol/messages.ts';
import { meaningOf, statusOf } from '../../protocol/status.ts';
import { describeLoss, waitUntil } from './wait.ts';

export interface Outcome {
  /** How the services are in the end, those that are as they should be. */
  readonly settled: readonly { readonly service: PublishedService; readonly note?: string }[];
  /** What went wrong with another. */
  readonly error?: PortrampError;
}

/** The revision of each service that was asked for. */
export type Asked = Readonly<Record<string, number>>;

/** Resolves when the services have settled, or one is lost. @throws PortrampError TIMEOUT */
export async function waitForOutcome(
  client: LastingClient,
  key: StackKey,
  { names, asked: told = {} }: { readonly names: readonly string[]; readonly asked?: Asked | undefined },
  timeout: number,
): Promise<Outcome> {
  // Where the runner did not say it: it answered when the daemon knew what it does, so the first that is seen does.
  const asked = new Map(Object.entries(told));
  const isOpen = (service: PublishedService): boolean => {
    if (!names.includes(service.name)) return false;
    return !meaningOf(service).isSettled || isOnTheWay(service, asked.get(service.name));
  };
  const stack = await waitUntil(client, key, {
    timeout,
    isOpen,
    isOver: (seen) => {
      const meant = (seen?.services ?? []).filter(({ name }) => names.includes(name));
      for (const { name, revision } of meant)
        if (revision !== undefined && !asked.has(name)) asked.set(name, revision.asked);
      return !meant.some(isOpen) || meant.some((service) => meaningOf(service).isFinal);
    },
  });
  if (stack === undefined) throw takenDown();
  const meant = stack.services.filter(({ name }) => names.includes(name));
  const settled = meant
    .filter((service) => !isOpen(service) && !isLost(service))
    .map((service) => ({ service, ...noteOn(service, asked.get(service.name)) }));
  const lost = meant.find(isLost);
  return lost === undefined ? { settled } : { settled, error: await explainLoss(client, stack, lost) };
}

/** The instance that was asked for does not serve yet, and may. */
const isOnTheWay = ({ revision }: PublishedService, asked: number | undefined): boolean =>
  revision !== undefined && asked !== undefined && revision.refused === undefined && revision.serving < asked;

function noteOn({ revision }: PublishedService, asked: number | undefined): { note?: string } {
  const isLater = revision !== undefined && asked !== undefined && revision.serving > asked;
  return isLater ? { note: 'another restart, which was asked for later, took the place of this one' } : {};
}

export function isLost(service: PublishedService): boolean {
  return (
    meaningOf(service).isWrong || statusOf(service) === 'stopped' || service.revision?.refused !== undefined
  );
}

export async function explainLoss(
  client: DaemonClient,
  stack: RunningStack,
  lost: PublishedService,
): Promise<PortrampError> {
  const refused = lost.revision?.refused;
  if (refused !== undefined && !meaningOf(lost).isWrong) {
    return new PortrampError(
      'SERVICE_FAILED',
      `the new instance of ${lost.name} did not get ready: ${refused}`,
      {
        hint: `the old one serves on; see "portramp logs ${lost.name}"`,
      },
    );
  }
  if (statusOf(lost) !== 'stopped') return describeLoss(client, stack, lost);
  if (stack.ending === true) return takenDown();
  return new PortrampError('SERVICE_FAILED', `${lost.name} was stopped before it was ready`, {
    hint: `start it again with "portramp start ${lost.name}"`,
  });
}

export const takenDown = (): PortrampError =>
  new PortrampError('STACK_NOT_RUNNING', 'the stack was taken down meanwhile', {
    hint: 'start it again with "portramp dev -d"',
  });

/** Resolves when nothing of the services is still stopping. @throws PortrampError TIMEOUT */
export async function waitForStop(
  client: LastingClient,
  key: StackKey,
  names: readonly string[],
  timeout: number,
): Promise<void> {
  const isOpen = ({ name, state }: PublishedService): boolean => names.includes(name) && state === 'stopping';
  await waitUntil(client, key, {
    timeout,
    isOpen,
    isOver: (stack) => !(stack?.services.some(isOpen) ?? false),
  });
}
