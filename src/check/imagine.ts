/** A stack that does not run: for what can be said about a contract without a machine. */
import type { Contract } from '../contract/contract.ts';
import { identOf, slugCandidates } from '../plan/names.ts';
import type { Leases, Plan, StackIdentity } from '../plan/plan.ts';

/** The main checkout, which has every host name that there can be. */
export function imagineStack({ workspace, environment }: Contract): StackIdentity {
  const claim = { workspace, root: '/', main: true, environment };
  const [slug = workspace] = slugCandidates(claim);
  return { ...claim, workspaceId: '', slug, ident: identOf(slug), index: 0 };
}

/** Static numbers, and others in order. Several plans get the same number for the same port. */
export function imagineLeases(...plans: readonly Plan[]): Leases {
  const leases = new Map<string, Map<string, number>>();
  let next = 20_000;
  for (const { name, ports } of plans.flatMap((plan) => [...plan.services.values()])) {
    const own = leases.get(name) ?? new Map<string, number>();
    leases.set(name, own);
    for (const port of ports) if (!own.has(port.name)) own.set(port.name, next++);
  }
  return leases;
}
