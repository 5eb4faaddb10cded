import { parseContract } from '../../../src/contract/parse.ts';
import type { Contract, EnvFileValues } from '../../../src/contract/contract.ts';
import { identOf } from '../../../src/plan/names.ts';
import { planStack } from '../../../src/plan/plan-stack.ts';
import type { Leases, Plan, StackIdentity } from '../../../src/plan/plan.ts';
import { resolveServices, type Resolution } from '../../../src/plan/resolve.ts';

export const HEAD = 'version: 1\nworkspace: shop\n';

/** The contract whose text goes on after the head. */
export function contractOf(body: string): Contract {
  const { contract, diagnostics } = parseContract([{ file: 'portramp.yaml', text: HEAD + body }], 'dev');
  if (contract === undefined) throw new Error(JSON.stringify(diagnostics));
  return contract;
}

export function identity(changes: Partial<StackIdentity> = {}): StackIdentity {
  const slug = changes.slug ?? 'shop';
  return {
    workspace: 'shop',
    workspaceId: 'id',
    root: '/home/me/shop',
    main: true,
    environment: 'dev',
    slug,
    ident: identOf(slug),
    index: 0,
    ...changes,
  };
}

export const planOf = (body: string, stack = identity()): ReturnType<typeof planStack> =>
  planStack(contractOf(body), stack);

/** 20200, 20201 … in the order of the plan. */
export function leasesOf(plan: Plan): Leases {
  let number = 20_200;
  return new Map(
    [...plan.services.values()].map(({ name, ports, service }) => [
      name,
      new Map(service.kind === 'external' ? [] : ports.map((port) => [port.name, number++])),
    ]),
  );
}

export interface Surroundings {
  readonly stack?: StackIdentity;
  readonly front?: number | undefined;
  readonly ambient?: Readonly<Record<string, string>>;
  readonly envFiles?: EnvFileValues;
  readonly unresolvedVariables?: 'error' | 'note';
}

/** Front at 7267 unless said otherwise. */
export function resolutionOf(body: string, around: Surroundings = {}): Resolution {
  const contract = contractOf(body);
  const { plan } = planStack(contract, around.stack ?? identity());
  return resolveServices(plan, {
    contract,
    leases: leasesOf(plan),
    front: { http: 'front' in around ? around.front : 7267 },
    ambient: around.ambient ?? {},
    envFiles: around.envFiles ?? new Map(),
    unresolvedVariables: around.unresolvedVariables ?? 'error',
  });
}
