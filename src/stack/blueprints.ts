/** What the services of a stack are made from. */
import type { PreparedStack } from './prepare.ts';
import type { Blueprint } from './unit-options.ts';

export type Blueprints = Pick<PreparedStack, 'services' | 'instance'>;

/** Finds what one of the services is made from. */
export function blueprintOf({ services, instance }: Blueprints, name: string): Blueprint | undefined {
  const service = services.get(name);
  return service && { service, instance: (slot) => instance(name, slot) ?? service };
}
