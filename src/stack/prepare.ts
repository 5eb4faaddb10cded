import { resolve } from 'node:path';

import { certificatePaths, loadCertificates } from '../contract/certificates.ts';
import { ContractError } from '../contract/contract-error.ts';
import type { Contract } from '../contract/contract.ts';
import { hasErrors, type Diagnostic } from '../contract/diagnostic.ts';
import { loadEnvFiles } from '../contract/env-files.ts';
import { loadContract } from '../contract/load.ts';
import { readCheckout, type Checkout } from '../lib/checkout.ts';
import type { Home } from '../lib/home.ts';
import { planStack } from '../plan/plan-stack.ts';
import type { Leases, Plan, PlannedService, ResolvedService, StackIdentity } from '../plan/plan.ts';
import { resolveInstances, resolveServices, type ResolveInputs } from '../plan/resolve.ts';
import { leasesOf, slotsOf } from '../plan/slots.ts';
import type { ComposeBinary } from '../runtime/compose/binary.ts';
import {
  bridgesOf,
  leaseComposePorts,
  openComposePart,
  overrideFor,
  type ComposeCommand,
  type ComposeStacks,
} from './compose/contract.ts';
import { readStarted, type Purpose } from './compose/started.ts';
import type { DaemonClient } from '../protocol/client.ts';
import type { DaemonParams, Front, Lease, PortRequest, StackKey } from '../protocol/messages.ts';

/** A contract made concrete: the stack has its name, its numbers and every value filled in. */
export interface PreparedStack {
  readonly contract: Contract;
  readonly plan: Plan;
  readonly stack: StackIdentity;
  /** Where it is, as git sees it. */
  readonly checkout: Checkout;
  readonly front: Front;
  readonly leases: readonly Lease[];
  readonly services: ReadonlyMap<string, ResolvedService>;
  /** A service as the instance in a slot is launched. */
  readonly instance: (service: string, slot: number) => ResolvedService | undefined;
  /** Warnings and notes; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
  /** What the daemon has to say about the stack's name and numbers. */
  readonly notices: readonly string[];
  /** What its services were resolved from, but for the numbers. */
  readonly inputs: Omit<ResolveInputs, 'leases' | 'followed'>;
  /** The Compose project; absent where the contract has none. */
  readonly compose?: PreparedCompose | undefined;
  /** Everything that was read, and would change the result if it changed. Absolute paths. */
  readonly files: readonly string[];
}

export interface PreparedCompose extends ComposeStacks {
  /** Absent where Compose is not installed. */
  readonly binary: ComposeBinary | undefined;
  /** The numbers of its ports, by service and port of the contract. */
  readonly numbers: Leases;
}

export interface PrepareOptions {
  readonly key: StackKey;
  readonly home: Home;
  readonly client: Pick<DaemonClient, 'request'>;
  /** The environment that `${VAR}` is taken from. */
  readonly ambient: Readonly<Record<string, string | undefined>>;
  /** What a running stack already has; see the `claim` request. */
  readonly held?: DaemonParams<'claim'>['held'];
  /** What it is prepared for, where that is not to use what there is. */
  readonly purpose?: Purpose;
  /** For `portramp compose`: what was typed after it. */
  readonly compose?: ComposeCommand;
  /** Told what the Compose project is read from, also where it is refused then. Absolute paths. */
  readonly onFiles?: ((files: readonly string[]) => void) | undefined;
  /** How many replicas a person asked for, by service, over what this contract says. */
  readonly scales?: (contract: Contract) => ReadonlyMap<string, number>;
}

/**
 * Contract on disk → name → numbers → services: the one way that `dev`, `url`, `env` and `exec` share. Nothing is
 * started and nothing is taken back: leases are kept for the stack.
 *
 * @throws {ContractError} with every finding, when the contract has errors.
 */
export async function prepareStack(options: PrepareOptions): Promise<PreparedStack> {
  const {
    key,
    home,
    client,
    ambient,
    held,
    purpose = 'use',
    scales = () => new Map<string, number>(),
  } = options;
  const loaded = await loadContract(key.root, { environment: key.environment, personal: true });
  const written = demand(loaded.contract, loaded.diagnostics);
  const checkout = await readCheckout(key.root);
  const claim = await client.request('claim', {
    ...key,
    workspace: written.workspace,
    workspaceId: checkout.workspaceId,
    main: checkout.main,
    branch: checkout.branch,
    held,
  });
  const composeFiles: string[] = [];
  const onFiles = (files: readonly string[]): void => {
    composeFiles.push(...files);
    options.onFiles?.(files);
  };
  const part =
    written.compose === undefined
      ? undefined
      : await openComposePart(written, claim.stack, {
          client,
          ambient,
          command: options.compose,
          onFiles,
          started: await readStarted(home, key),
          purpose,
        });
  const contract = part?.contract ?? written;
  const planned = planStack(contract, claim.stack);
  const envFiles = await loadEnvFiles(key.root, contract);
  const certificates = await loadCertificates(key.root, contract);
  const findings = [
    ...loaded.diagnostics,
    ...(part?.diagnostics ?? []),
    ...planned.diagnostics,
    ...envFiles.diagnostics,
    ...certificates.diagnostics,
  ];
  const plan = scale(demand(planned.plan, findings), scales(contract));
  const rules = rulesOf(contract);
  const ports = [...portsOf(plan), ...bridgesOf(plan)];
  const {
    leases,
    notices = [],
    refusedHosts,
  } = await client.request('lease', {
    stack: key,
    ports,
    rules,
    hosts: sharedHostsOf(plan),
  });
  const numbers = part && (await leaseComposePorts(part, client, rules));
  const inputs: PreparedStack['inputs'] = {
    contract,
    front: claim.front,
    refusedHosts: new Set(refusedHosts),
    ambient,
    envFiles: envFiles.values,
    certificates: certificates.values,
    unresolvedVariables: 'error',
  };
  const numbered: ResolveInputs = {
    ...inputs,
    leases: indexLeases(leases, numbers?.leases),
    followed: borrowedIn(leases),
  };
  const resolved = resolveServices(plan, numbered);
  const diagnostics = [...findings, ...resolved.diagnostics];
  const services = demand(resolved.services, diagnostics);
  const compose = part && numbers && (await overrideFor(part, numbers, services));
  return {
    contract,
    plan,
    stack: claim.stack,
    checkout,
    front: claim.front,
    leases,
    services,
    instance: resolveInstances(plan, numbered),
    compose: compose && { ...compose, binary: part?.binary, numbers: numbers?.leases ?? new Map() },
    diagnostics,
    notices: [...claim.notices, ...notices, ...(compose?.notices ?? [])],
    inputs,
    files: [
      ...loaded.files,
      ...composeFiles,
      ...[...envFilesOf(contract), ...certificatePaths(contract)].map((path) => resolve(key.root, path)),
    ],
  };
}

/** What a daemon that has forgotten it is told that the stack has. */
export const heldBy = ({ stack, leases }: PreparedStack): NonNullable<PrepareOptions['held']> => ({
  slug: stack.slug,
  index: stack.index,
  leases: [...leases],
});

/** The same stack with other numbers. */
export function renumber(prepared: PreparedStack, leases: readonly Lease[]): PreparedStack {
  const { plan, inputs } = prepared;
  const numbered: ResolveInputs = {
    ...inputs,
    leases: indexLeases(leases, prepared.compose?.numbers),
    followed: borrowedIn(leases),
  };
  const { services } = resolveServices(plan, numbered);
  return { ...prepared, leases, services, instance: resolveInstances(plan, numbered) };
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

/** Everything that needs a number: external services bring their own, those of Compose are leased by its names. */
const portsOf = (plan: Plan): PortRequest[] =>
  [...plan.services.values()]
    .filter(({ service }) => service.kind !== 'external' && service.kind !== 'compose')
    .flatMap(({ name, service, ports }) =>
      ports.flatMap((port) =>
        leasesOf(port, slotsOf(service)).map((lease) => ({
          service: name,
          port: lease,
          // The number that people know is the ramp's.
          static: lease === port.name ? port.static : undefined,
        })),
      ),
    );

function scale(plan: Plan, scales: ReadonlyMap<string, number>): Plan {
  const services = new Map(
    [...plan.services].map(([name, planned]): [string, PlannedService] => {
      const replicas = scales.get(name);
      const { service } = planned;
      if (replicas === undefined || service.kind !== 'process') return [name, planned];
      const ports = planned.ports.map((port) => ({
        ...port,
        ramp: true,
        follow: replicas > 1 && port.follow === 'usual' ? ('never' as const) : port.follow,
      }));
      return [name, { ...planned, ports, service: { ...service, replicas } }];
    }),
  );
  return { ...plan, services };
}

/** @param more Numbers that are not leased by the names of the contract. */
function indexLeases(leases: readonly Lease[], more: Leases = new Map()): Leases {
  const index = new Map([...more].map(([service, ports]) => [service, new Map(ports)]));
  for (const { service, port, number } of leases) {
    const ports = index.get(service) ?? new Map<string, number>();
    index.set(service, ports.set(port, number));
  }
  return index;
}

/** The numbers that services listen on in place of their leases, by the name of the lease. */
function borrowedIn(leases: readonly Lease[]): Leases {
  const borrowed = leases.flatMap((lease) =>
    lease.borrowed === undefined ? [] : [{ ...lease, number: lease.borrowed }],
  );
  return indexLeases(borrowed);
}
