/** When `wait` and `dev -d` have waited long enough, and what came of it. Pure. */
import type { PublishedService } from '../../protocol/messages.ts';
import { meaningOf } from '../../protocol/status.ts';

/** `lost`: it stays so until somebody does something. */
export type End = 'open' | 'up' | 'lost';

/** Says whether `wait` goes on for these services. */
export function endOfWait(services: readonly PublishedService[]): End {
  if (services.some((service) => meaningOf(service).isFinal)) return 'lost';
  return services.every((service) => meaningOf(service).isUp) ? 'up' : 'open';
}

/** Says whether `dev -d` goes on for the services of a stack; of none nothing is known yet. */
export function isStartOver(services: readonly PublishedService[]): boolean {
  if (services.some((service) => meaningOf(service).isFinal)) return true;
  return services.length > 0 && services.every((service) => meaningOf(service).isSettled);
}

/** The services for which `dev -d` ends with exit code 1. */
export const wrongOf = (services: readonly PublishedService[]): PublishedService[] =>
  services.filter((service) => meaningOf(service).isWrong);
