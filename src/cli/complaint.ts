/** Why a service is not up, and whether its ports answer: asked by every command that says so. Pure. */
import type { PublishedPort, PublishedService } from '../protocol/messages.ts';
import { meaningOf, statusOf } from '../protocol/status.ts';

export interface Complaint {
  readonly reason?: string;
  /** What to write or type. */
  readonly hint?: string;
}

/** Says why a service is not up, and what to write or type; nothing where it is up. */
export function complaintOf(service: PublishedService): Complaint {
  const { failure, waitingFor = [] } = service;
  if (meaningOf(service).isUp) return {};
  const reason =
    service.reason ??
    failure?.message ??
    (service.state === 'waiting' && waitingFor.length > 0 ? `waits for ${waitingFor.join(', ')}` : undefined);
  const hint = service.hint ?? failure?.hint;
  return { ...(reason === undefined ? {} : { reason }), ...(hint === undefined ? {} : { hint }) };
}

/** Says why nothing answers on a port of a service that is up, where that is known. */
export const silenceOf = (service: PublishedService): Complaint =>
  meaningOf(service).isUp && service.reason !== undefined
    ? { reason: service.reason, ...(service.hint === undefined ? {} : { hint: service.hint }) }
    : {};

/** Says that what serves is not what was asked for last: an edit or a restart that never got ready. */
export function refusalOf({ name, revision }: PublishedService): Complaint {
  if (revision?.refused === undefined) return {};
  return {
    reason: `serves on as it was: the new instance did not get ready: ${revision.refused}`,
    hint: `"portramp logs ${name}" says more; an edit, or "portramp restart ${name}", tries again`,
  };
}

/** Says that files were changed, and the service was not started again, since it seems to write them itself. */
export const heldOf = ({ held }: PublishedService): Complaint =>
  held === undefined ? {} : { reason: held.reason, hint: held.hint };

/** Tells whether a request to the port is answered, or starts what answers. */
export function answersOn(service: PublishedService, { listening }: PublishedPort): boolean {
  const status = statusOf(service);
  if (status === 'sleeping') return true;
  // Of a container, and of what others run, nobody knows more than its state.
  return listening ?? meaningOf(service).isUp;
}
