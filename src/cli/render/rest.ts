/** Says what goes on where something is wrong. Pure. */
import type { PublishedService } from '../../protocol/messages.ts';
import { mayListen, meaningOf } from '../../protocol/status.ts';

/** The stack itself goes on in any case, and starts again what is edited. */
export function describeRest(services: readonly PublishedService[]): string {
  const rest = services.filter((service) => !meaningOf(service).isWrong);
  if (rest.some((service) => !meaningOf(service).isSettled)) return 'the rest goes on starting';
  if (rest.some(mayListen)) return 'the rest keeps running';
  const wrong = services.some(mayListen) ? 'it keeps running' : 'nothing runs now';
  return `${wrong}, and the stack waits for an edit`;
}
