/** The outcome of a command about services, as text and as JSON. */
import { statusOf } from '../../protocol/status.ts';
import { complaintOf } from '../complaint.ts';
import type { Outcome } from './outcome.ts';

type Settled = Outcome['settled'][number];

export function outcomeJson({ service, note }: Settled): object {
  const { reason, hint } = complaintOf(service);
  return {
    name: service.name,
    status: statusOf(service),
    ...(reason === undefined ? {} : { reason }),
    ...(hint === undefined ? {} : { hint }),
    ...(note === undefined ? {} : { note }),
  };
}

export function describeOutcome({ service, note }: Settled): string {
  const { reason, hint } = complaintOf(service);
  const more = [reason, hint, note].filter((text) => text !== undefined).join('; ');
  return `${service.name} is ${statusOf(service)}${more === '' ? '' : `: ${more}`}`;
}
