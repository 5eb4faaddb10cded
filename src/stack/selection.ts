/** The services and groups that a person named, against those that the plan has. */
import { calledOf, findOtherName } from '../contract/called.ts';
import { PortrampError } from '../lib/errors.ts';
import { suggest } from '../lib/suggest.ts';
import { selectServices } from '../plan/order.ts';
import type { Plan } from '../plan/plan.ts';

/** Says whether a service was named, itself or through its group. */
export const isMeant = (plan: Plan, names: readonly string[], name: string): boolean =>
  names.some((given) => given === name || (plan.groups[given]?.includes(name) ?? false));

/**
 * Names the services that are meant; none given: those that run by default.
 * @throws PortrampError UNKNOWN_NAME
 */
export function selectOrThrow(plan: Plan, names: readonly string[]): string[] {
  const { names: selected, unknown } = selectServices(plan, names);
  const [first] = unknown;
  if (first === undefined) return selected;
  const known = [...plan.services.keys(), ...Object.keys(plan.groups)];
  const services = [...plan.services.values()].map(({ service }) => calledOf(service));
  const other = findOtherName(first.name, services);
  const nearest = other?.name ?? first.suggestion ?? suggest(first.name, known);
  throw new PortrampError('UNKNOWN_NAME', `there is no service or group "${first.name}"${other?.why ?? ''}`, {
    hint: nearest === undefined ? `there are: ${known.join(', ')}` : `did you mean "${nearest}"?`,
  });
}
