/** The Compose project of a contract: its services joined to it, their numbers leased, their environment told. */
import { resolve } from 'node:path';

import { addComposeServices, findPortProblems } from '../../compose/contract-services.ts';
import type { ComposeProject } from '../../compose/model.ts';
import { findTies, sharedServices } from '../../compose/part.ts';
import { canPublish, publicationsOf, type Publication } from '../../compose/publications.ts';
import type { Contract } from '../../contract/contract.ts';
import type { Diagnostic } from '../../contract/diagnostic.ts';
import { placeFindings } from '../../contract/finding.ts';
import { PortrampError } from '../../lib/errors.ts';
import type { Leases, Plan, ResolvedService, StackIdentity } from '../../plan/plan.ts';
import { HOST_GATEWAY, bridgePort } from '../../plan/viewpoint.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { DaemonParams, PortRequest } from '../../protocol/messages.ts';
import { parseComposeArguments, type ComposeArguments } from '../../runtime/compose/arguments.ts';
import { findCompose, type ComposeBinary } from '../../runtime/compose/binary.ts';
import { findStanding, type Standing } from '../../runtime/compose/standing.ts';
import { createEngineClient } from '../../runtime/engine/client.ts';
import {
  makeOverride,
  openProject,
  readForStack,
  readForWorkspace,
  type ComposeStack,
  type StackProject,
} from './prepare.ts';
import { leaseNumbers } from './leases.ts';
import { foldersOf } from './naming.ts';
import type { Purpose, Started } from './started.ts';

/** How the project is called, where somebody stands elsewhere or says more than the contract. */
export interface ComposeCommand {
  readonly cwd: string;
  readonly arguments: ComposeArguments;
}

export interface ComposePart {
  /** With the services of the project in it. */
  readonly contract: Contract;
  readonly base: StackProject;
  /** The project of what all branches share; absent where nothing is. */
  readonly shared?: StackProject | undefined;
  /** The services in it, by their names there. */
  readonly sharedNames: ReadonlySet<string>;
  readonly binary: ComposeBinary | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export interface PartOptions {
  readonly client: Pick<DaemonClient, 'request'>;
  readonly ambient: Readonly<Record<string, string | undefined>>;
  readonly command?: ComposeCommand | undefined;
  /** Told what will be read, also where that is refused then. */
  readonly onFiles: (files: readonly string[]) => void;
  readonly started: Started | undefined;
  readonly purpose: Purpose;
}

/** @throws PortrampError COMPOSE_INVALID, COMPOSE_TOO_OLD, UNKNOWN_NAME; ContractError */
export async function openComposePart(
  contract: Contract,
  stack: StackIdentity,
  { client, ambient, command, onFiles, started, purpose }: PartOptions,
): Promise<ComposePart> {
  const { files = [], share = [] } = contract.compose ?? {};
  const binary = await findComposeIfAny(ambient);
  const asked = command?.arguments ?? parseComposeArguments([]);
  const own = files.map((file) => resolve(stack.root, file));
  const standingOf = async (project: string): Promise<Standing> =>
    binary === undefined
      ? 'nothing'
      : findStanding(
          createEngineClient(ambient, binary.command[0]),
          project,
          foldersOf({ stack, directory: open.directory, project: { name: project } }),
        );
  const open = await openProject({
    place: { started, purpose, standingOf },
    client,
    binary,
    ambient,
    cwd: asked.files.length > 0 ? (command?.cwd ?? stack.root) : stack.root,
    root: stack.root,
    onFiles,
    arguments: { ...asked, files: asked.files.length > 0 ? asked.files : own },
  });
  const base = await readForStack(open, stack, share);
  const { contract: merged, findings } = addComposeServices(contract, base.project, open.call.profiles);
  const problems = [
    ...findings,
    ...findPortProblems(merged, base.project),
    ...findTies(merged, base.project),
  ];
  const sharedNames = sharedServices(merged);
  return {
    contract: merged,
    base,
    shared: sharedNames.size === 0 ? undefined : await readForWorkspace(open, stack),
    sharedNames,
    binary,
    diagnostics: placeFindings(contract, 'PR022', 'error', problems),
  };
}

/** Undefined where none is installed at all. @throws PortrampError COMPOSE_TOO_OLD */
export async function findComposeIfAny(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ComposeBinary | undefined> {
  try {
    return await findCompose(environment);
  } catch (error) {
    if (error instanceof PortrampError && error.code === 'COMPOSE_MISSING') return undefined;
    throw error;
  }
}

/** What the project publishes, and what the contract wants published besides. */
function publicationsFor({ contract, base }: ComposePart): Publication[] {
  const own = publicationsOf(base.project);
  const known = new Set(own.map(({ service, target, protocol }) => `${service} ${target}/${protocol}`));
  const more = [...contract.services.values()].flatMap((service): Publication[] => {
    if (service.kind !== 'compose') return [];
    const found = base.project.services.get(service.compose);
    if (found === undefined || !canPublish(found)) return [];
    return service.ports.flatMap(({ container: target }) => {
      if (target === undefined || known.has(`${found.name} ${target}/tcp`)) return [];
      const entry = { target, protocol: 'tcp', mode: 'ingress' } as const;
      const span = Math.max(1, found.replicas);
      const name = `${target}/tcp`;
      return [{ service: found.name, name, lease: name, target, protocol: 'tcp', span, hostIps: [], entry }];
    });
  });
  return [...own, ...more];
}

export interface ComposeNumbers {
  readonly publications: readonly Publication[];
  readonly numberOf: (publication: Publication) => number;
  /** By service and port of the contract. */
  readonly leases: Leases;
}

export async function leaseComposePorts(
  part: ComposePart,
  client: Pick<DaemonClient, 'request'>,
  rules: DaemonParams<'lease'>['rules'],
): Promise<ComposeNumbers> {
  const { contract, base, sharedNames } = part;
  const publications = publicationsFor(part);
  const isShared = ({ service }: Publication): boolean => sharedNames.has(service);
  const portsOf = ({ service, target, protocol }: Publication) =>
    [...contract.services.values()].flatMap((each) =>
      each.kind === 'compose' && each.compose === service && protocol === 'tcp'
        ? each.ports.filter((port) => port.container === target).map((port) => ({ service: each.name, port }))
        : [],
    );
  const staticOf = (publication: Publication): number | undefined =>
    portsOf(publication).find(({ port }) => port.static !== undefined)?.port.static;
  const ownNumberOf = await leaseNumbers(
    client,
    base.stack,
    publications.filter((each) => !isShared(each)),
    { staticOf, rules },
  );
  const sharedNumberOf = await leaseNumbers(client, base.stack, publications.filter(isShared), {
    staticOf,
    rules,
    scope: 'workspace',
  });
  const numberOf: ComposeNumbers['numberOf'] = (publication) =>
    isShared(publication) ? sharedNumberOf(publication) : ownNumberOf(publication);
  const leases = new Map<string, Map<string, number>>();
  for (const publication of publications) {
    for (const { service, port } of portsOf(publication)) {
      const numbers = leases.get(service) ?? new Map<string, number>();
      // The first of several numbers for one container port is the one that is told.
      if (!numbers.has(port.name)) numbers.set(port.name, numberOf(publication));
      leases.set(service, numbers);
    }
  }
  return { publications, numberOf, leases };
}

/** Ports of processes that containers consume: each needs a number that containers can dial. */
export function bridgesOf(plan: Plan): PortRequest[] {
  const consumed = new Set(
    [...plan.services.values()]
      .filter(({ service }) => service.kind === 'compose')
      .flatMap(({ needs }) => needs.filter((need) => need.silent !== true).map((need) => need.service)),
  );
  return [...plan.services.values()]
    .filter(({ name, service }) => service.kind === 'process' && consumed.has(name))
    .flatMap(({ name, ports }) =>
      ports.map((port) => ({ service: name, port: bridgePort(port.name), kept: true })),
    );
}

/** The stack's project, and that of what all branches share. */
export interface ComposeStacks extends ComposeStack {
  readonly shared?: ComposeStack | undefined;
}

/** @throws PortrampError COMPOSE_INVALID */
export async function overrideFor(
  { base, shared, sharedNames }: ComposePart,
  { publications, numberOf }: ComposeNumbers,
  services: ReadonlyMap<string, ResolvedService>,
): Promise<ComposeStacks> {
  const told = [...services.values()].flatMap(({ service, env }) =>
    service.kind === 'compose' && Object.keys(env).length > 0 ? [[service.compose, env] as const] : [],
  );
  const dialsHost = told.filter(([, env]) =>
    Object.values(env).some((value) => value.includes(HOST_GATEWAY)),
  );
  const inputs = {
    publications,
    numberOf,
    environment: new Map(told),
    extraHosts: new Map(
      dialsHost.map(([name]) => [networkOwner(base.project, name), [`${HOST_GATEWAY}=host-gateway`]]),
    ),
  };
  if (shared === undefined) return makeOverride(base, inputs);
  const own = [...base.project.services.keys()].filter((name) => !sharedNames.has(name));
  return {
    ...(await makeOverride(base, { ...inputs, omitted: sharedNames })),
    shared: await makeOverride(shared, { ...inputs, omitted: new Set(own) }),
  };
}

/** Host names are a matter of the network: a container with that of another service has those of the other. */
function networkOwner(project: ComposeProject, name: string): string {
  const mode = project.services.get(name)?.networkMode;
  return mode?.startsWith('service:') ? networkOwner(project, mode.slice('service:'.length)) : name;
}
