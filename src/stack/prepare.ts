import { resolve } from 'node:path';

import { ContractError } from '../contract/contract-error.ts';
import type { Contract } from '../contract/contract.ts';
import { hasErrors, type Diagnostic } from '../contract/diagnostic.ts';
import { loadContract, loadEnvFiles } from '../contract/load.ts';
import { readCheckout } from '../lib/checkout.ts';
import { planStack } from '../plan/plan-stack.ts';
import type { Leases, Plan, ResolvedService, StackIdentity } from '../plan/plan.ts';
import { resolveServices, type ResolveInputs } from '../plan/resolve.ts';
import type { DaemonClient } from '../protocol/client.ts';
import type { DaemonParams, Front, Lease, PortRequest, StackKey } from '../protocol/messages.ts';

/** A contract made concrete: the stack has its name, its numbers and every value filled in. */
export interface PreparedStack {
  readonly contract: Contract;
  readonly plan: Plan;
  readonly stack: StackIdentity;
  readonly front: Front;
  readonly leases: readonly Lease[];
  readonly services: ReadonlyMap<string, ResolvedService>;
  /** Warnings and notes; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
  /** What the daemon has to say about the stack's name and numbers. */
  readonly notices: readonly string[];
  /** What its services were resolved from, but for the numbers. */
  readonly inputs: Omit<ResolveInputs, 'leases' | 'followed'>;
  /** Everything that was read, and would change the result if it changed. Absolute paths. */
  readonly files: readonly string[];
}

export interface PrepareOptions {
  readonly key: StackKey;
  readonly client: Pick<DaemonClient, 'request'>;
  /** The environment that `${VAR}` is taken from. */
  readonly ambient: Readonly<Record<string, string | undefined>>;
  /** What a running stack already has; see the `claim` request. */
  readonly held?: DaemonParams<'claim'>['held'];
  /** Numbers that services opened in place of their leases. */
  readonly followed?: Leases;
}

/**
 * Contract on disk → name → numbers → services: the one way that `dev`, `url`, `env` and `exec` share. Nothing is
 * started and nothing is taken back: leases are kept for the stack.
 *
 * @throws {ContractError} with every finding, when the contract has errors.
 */
export async function prepareStack(options: PrepareOptions): Promise<PreparedStack> {
  const { key, client, ambient, held, followed } = options;
  const loaded = await loadContract(key.root, { environment: key.environment, personal: true });
  const contract = demand(loaded.contract, loaded.diagnostics);
  const checkout = await readCheckout(key.root);
  const claim = await client.request('claim', {
    ...key,
    workspace: contract.workspace,
    workspaceId: checkout.workspaceId,
    main: checkout.main,
    branch: checkout.branch,
    held,
  });
  const planned = planStack(contract, claim.stack);
  const envFiles = await loadEnvFiles(key.root, contract);
  const findings = [...loaded.diagnostics, ...planned.diagnostics, ...envFiles.diagnostics];
  const plan = demand(planned.plan, findings);
  const {
    leases,
    notices = [],
    refusedHosts,
  } = await client.request('lease', {
    stack: key,
    ports: portsOf(plan),
    rules: rulesOf(contract),
    hosts: sharedHostsOf(plan),
  });
  const inputs: PreparedStack['inputs'] = {
    contract,
    front: claim.front,
    refusedHosts: new Set(refusedHosts),
    ambient,
    envFiles: envFiles.values,
    unresolvedVariables: 'error',
  };
  const resolved = resolveServices(plan, { ...inputs, leases: indexLeases(leases), followed });
  const diagnostics = [...findings, ...resolved.diagnostics];
  return {
    contract,
    plan,
    stack: claim.stack,
    front: claim.front,
    leases,
    services: demand(resolved.services, diagnostics),
    diagnostics,
    notices: [...claim.notices, ...notices],
    inputs,
    files: [...loaded.files, ...envFilesOf(contract).map((path) => resolve(key.root, path))],
  };
}

/** The same stack with other numbers. */
export function renumber(prepared: PreparedStack, leases: readonly Lease[], followed: Leases): PreparedStack {
  const { plan, inputs } = prepared;
  const { services } = resolveServices(plan, { ...inputs, leases: indexLeases(leases), followed });
  return { ...prepared, leases, services };
}

/** What the contract says about numbers, for the daemon. A reservation that has expired holds until it is removed. */
export function rulesOf({ range, reservations }: Contract): DaemonParams<'lease'>['rules'] {
  const { from, to, static: kept, exclude } = range;
  return {
    range: { from, to, static: kept, exclude: [...exclude] },
    reservations: reservations.map(({ port, service }) => ({ port, service })),
  };
}

function demand<T>(value: T | undefined, diagnostics: readonly Diagnostic[]): T {
  if (value === undefined || hasErrors(diagnostics)) throw new ContractError(diagnostics);
  return value;
}

/** Also those that do not exist: they may come. */
const envFilesOf = (contract: Contract): string[] =>
  [...contract.services.values()].flatMap((service) =>
    service.kind === 'external' ? [] : service.envFiles.map((file) => file.path),
  );

/** Names that another stack may have: all but the long ones. */
const sharedHostsOf = (plan: Plan): string[] => [
  ...new Set(
    [...plan.services.values()].flatMap(({ ports }) =>
      ports.flatMap(({ shortHosts, extraHosts }) => [...shortHosts, ...extraHosts]),
    ),
  ),
];

/** Everything that needs a number: external services bring their own. */
const portsOf = (plan: Plan): PortRequest[] =>
  [...plan.services.values()]
    .filter((planned) => planned.service.kind !== 'external')
    .flatMap((planned) =>
      planned.ports.map((port) => ({ service: planned.name, port: port.name, static: port.static })),
    );

function indexLeases(leases: readonly Lease[]): Leases {
  const index = new Map<string, Map<string, number>>();
  for (const { service, port, number } of leases) {
    const ports = index.get(service) ?? new Map<string, number>();
    index.set(service, ports.set(port, number));
  }
  return index;
}
