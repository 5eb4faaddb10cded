/** A reason that several services share is said once for all of them. Pure. */
import type { PublishedService } from '../../protocol/messages.ts';
import { meaningOf, statusOf } from '../../protocol/status.ts';
import { complaintOf, type Complaint } from '../complaint.ts';

export interface Common extends Complaint {
  readonly reason: string;
  readonly services: readonly [PublishedService, ...PublishedService[]];
}

/**
 * Finds the complaints that are the same for several services, in the order of the first of each.
 * @param options.areCausesToo Also the complaint of one alone that another ends with, as why what it needs failed.
 */
export function findCommon(
  services: readonly PublishedService[],
  { areCausesToo = false } = {},
): readonly Common[] {
  const isCause = (reason: string): boolean =>
    areCausesToo && services.some((each) => complaintOf(each).reason?.endsWith(`: ${reason}`));
  const groups = new Map<string, [PublishedService, ...PublishedService[]]>();
  for (const service of services.filter(isWrongWithoutWords)) {
    const { reason, hint } = complaintOf(service);
    const key = JSON.stringify([statusOf(service), reason, hint]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [service]);
    else group.push(service);
  }
  return [...groups.values()].flatMap((group) => {
    const { reason, ...more } = complaintOf(group[0]);
    const isSaidAgain = reason !== undefined && (group.length > 1 || isCause(reason));
    return isSaidAgain ? [{ ...more, reason, services: group }] : [];
  });
}

/** The last words of a program may say why, and differ where the reason is the same: `exited with code 1`. */
const isWrongWithoutWords = (service: PublishedService): boolean =>
  meaningOf(service).isWrong && (service.failure?.log ?? []).length === 0;

/**
 * Leaves out of what is said of a service what was said before it: its own complaint, or that of what it needs
 * (`needs db, which failed: …`), of which the beginning stays.
 */
export function withoutCommon(service: PublishedService, common: readonly Common[]): PublishedService {
  const { reason } = complaintOf(service);
  if (reason === undefined) return service;
  const { reason: _reason, hint: _hint, failure: _failure, ...rest } = service;
  if (common.some(({ services }) => services.includes(service))) return rest;
  const end = common.map((each) => `: ${each.reason}`).find((text) => reason.endsWith(text));
  return end === undefined ? service : { ...rest, reason: reason.slice(0, -end.length) };
}
