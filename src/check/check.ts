/** What is wrong with a contract, before anything runs: no daemon, no ports, no clock. Pure. */
import type { Contract, EnvFileValues } from '../contract/contract.ts';
import { sortDiagnostics, type Diagnostic } from '../contract/diagnostic.ts';
import { identOf, slugCandidates } from '../plan/names.ts';
import { LEASE_BAND, planStack } from '../plan/plan-stack.ts';
import type { Leases, Plan, StackIdentity } from '../plan/plan.ts';
import { resolveServices } from '../plan/resolve.ts';

/** The contract as it was read for one environment. */
export interface CheckInput {
  /** Absent when too little could be understood; then only what reading found is told. */
  readonly contract?: Contract | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly envFiles: EnvFileValues;
}

/** Every finding of every environment, each once, in the order of the file. */
export function checkContract(
  environments: readonly CheckInput[],
  ambient: Readonly<Record<string, string | undefined>>,
): Diagnostic[] {
  return sortDiagnostics(
    environments.flatMap(({ contract, diagnostics, envFiles }) => [
      ...diagnostics,
      ...(contract === undefined ? [] : checkStack(contract, envFiles, ambient)),
    ]),
  );
}

function checkStack(
  contract: Contract,
  envFiles: EnvFileValues,
  ambient: Readonly<Record<string, string | undefined>>,
): Diagnostic[] {
  const { plan, diagnostics } = planStack(contract, imagineStack(contract));
  // Nothing of this size can run: the answer should not wait for its references.
  if (diagnostics.some((diagnostic) => diagnostic.code === 'PR009')) return diagnostics;
  const resolved = resolveServices(plan, {
    contract,
    envFiles,
    ambient,
    leases: imagineLeases(plan),
    front: { http: 80 },
    unresolvedVariables: 'note',
  });
  return [...diagnostics, ...resolved.diagnostics];
}

/** The main checkout, which has every host name that there can be. */
function imagineStack({ workspace, environment }: Contract): StackIdentity {
  const claim = { workspace, root: '/', main: true, environment };
  const [slug = workspace] = slugCandidates(claim);
  return { ...claim, workspaceId: '', slug, ident: identOf(slug), index: 0 };
}

/** Numbers in order: which ones they are changes no finding. */
function imagineLeases(plan: Plan): Leases {
  let number: number = LEASE_BAND.from;
  return new Map(
    [...plan.services.values()].map(({ name, ports }) => [
      name,
      new Map(ports.map((port) => [port.name, number++])),
    ]),
  );
}
