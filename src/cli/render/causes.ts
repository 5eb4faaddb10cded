/** Tells, as it happens, the cause of what is wrong with several services once. */
import type { PublishedService } from '../../protocol/messages.ts';
import { meaningOf } from '../../protocol/status.ts';
import { complaintOf } from '../complaint.ts';

export interface Causes {
  /** Something was said of the stack as a whole. */
  note(text: string): void;
  /**
   * What is to be said of a service in place of a reason that was told: with another one that is wrong still, or of the
   * stack. Undefined where the service has nothing wrong, or a reason of its own.
   */
  tell(service: PublishedService): string | undefined;
}

export function createCauses(): Causes {
  /** By the reason, the service with which it was told. */
  const told = new Map<string, string>();
  let noted = '';
  const end = (name: string): void => {
    for (const [reason, first] of told) if (first === name) told.delete(reason);
  };
  return {
    note: (text) => {
      noted = text;
    },
    tell: (service) => {
      const { name } = service;
      const { reason } = complaintOf(service);
      if (reason === undefined || !meaningOf(service).isWrong) {
        end(name);
        return undefined;
      }
      if (noted !== '' && reason.endsWith(noted)) return '';
      const first = told.get(reason);
      if (first !== undefined && first !== name) return `for the same reason as ${first}`;
      end(name);
      told.set(reason, name);
      return undefined;
    },
  };
}
