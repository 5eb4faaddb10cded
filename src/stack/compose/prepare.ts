/**
 * A Compose project made concrete for one stack: named, its published ports leased, its override made and checked
 * against what Compose itself makes of it. Nothing is started.
 */
import { basename } from 'node:path';
import { realpath } from 'node:fs/promises';

import type { ComposeProject } from '../../compose/model.ts';
import { composeName, shareableNames, type NamePolicy } from '../../compose/names.ts';
import { planOverride, type Finding, type Override, type OverrideInputs } from '../../compose/override.ts';
import { publicationsOf, type Publication } from '../../compose/publications.ts';
import { applyOverride } from '../../compose/verify.ts';
import { writeOverride } from '../../compose/write.ts';
import { DEFAULT_ENVIRONMENT } from '../../contract/contract.ts';
import { readCheckout, type Checkout } from '../../lib/checkout.ts';
import { PortrampError } from '../../lib/errors.ts';
import { suggest } from '../../lib/suggest.ts';
import { slugCandidates } from '../../plan/names.ts';
import type { StackIdentity } from '../../plan/plan.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { Lease, PortRef, StackKey } from '../../protocol/messages.ts';
import { scalesOf, writeOptions, type ComposeArguments } from '../../runtime/compose/arguments.ts';
import type { ComposeBinary } from '../../runtime/compose/binary.ts';
import { findComposeFiles, type ComposeFiles } from '../../runtime/compose/files.ts';
import type { ComposeCall } from '../../runtime/compose/resolve.ts';
import { askCompose, readFilesAlone, type ProjectSource, type Reading } from './source.ts';

export interface ComposeQuery {
  readonly client: Pick<DaemonClient, 'request'>;
  /** Absent where none is installed: then the files are read without it. */
  readonly binary: ComposeBinary | undefined;
  /** Where the user stands. */
  readonly cwd: string;
  /** The shell's environment. */
  readonly ambient: Readonly<Record<string, string | undefined>>;
  readonly arguments: ComposeArguments;
  readonly environment: string;
  /** The contract's, where there is one; else the stack is named after the project's folder. */
  readonly contract?: ContractPart | undefined;
}

/** What the contract says about the stack and its Compose project. */
export interface ContractPart {
  readonly root: string;
  readonly workspace: string;
}

export interface ComposeStack {
  readonly stack: StackIdentity;
  /** The files of the user, the base first. */
  readonly files: readonly string[];
  /** As it is without the override, but for the project's name. */
  readonly project: ComposeProject;
  readonly override: Override;
  /** The override as a Compose file. */
  readonly text: string;
  /** How Compose is to be called for this stack. */
  readonly call: Omit<ComposeCall, 'binary'>;
  /** For a person. */
  readonly notices: readonly string[];
}

/** @throws PortrampError COMPOSE_INVALID, NO_FREE_PORT, UNKNOWN_NAME (a misspelt `share`), USAGE; ContractError */
export async function prepareCompose(query: ComposeQuery): Promise<ComposeStack> {
  const located = await locateProject(query);
  const { call, source } = located;
  const first = await source.read({ environment: query.ambient });
  const { stack, notices } = await claimName(query, located, first.project);
  const keeps = keepsNames(stack);
  const environment = { ...query.ambient, ...toldBy(stack) };
  const reading: Reading = { environment, ...(keeps ? {} : { projectName: stack.slug }) };
  const base = await source.read(reading);
  const project = withScales(base.project, scalesOf(query.arguments));
  const policy: NamePolicy = keeps
    ? { names: 'keep' }
    : { names: 'release', share: shareOf(project), mainName: nameInMain(located, first.project) };
  const numberOf = await leaseNumbers(query, stack, publicationsOf(project));
  const override = planOverride({ project, policy, numberOf });
  const text = writeOverride(override, headingFor(stack, located.files));
  await source.check(reading, text, applyOverride(base.project, override));
  return {
    stack,
    files: located.files,
    project,
    override,
    text,
    call: { ...call, ...reading, projectName: reading.projectName ?? call.projectName },
    notices: [...source.notices, ...notices, ...base.warnings, ...override.findings.map(describeFinding)],
  };
}

interface Located extends ComposeFiles {
  readonly root: string;
  readonly checkout: Checkout;
  readonly call: Omit<ComposeCall, 'binary'>;
  readonly source: ProjectSource;
}

async function locateProject(query: ComposeQuery): Promise<Located> {
  const { cwd, ambient, contract, binary } = query;
  const { files, projectDirectory, projectName, profiles } = query.arguments;
  const found = await findComposeFiles({ cwd, environment: ambient, files, projectDirectory });
  if (found === undefined) {
    throw new PortrampError('COMPOSE_INVALID', `there is no Compose file in ${cwd} or a folder above it`, {
      hint: 'name it with -f, or change to its folder',
    });
  }
  const root = contract?.root ?? (await realpath(found.directory).catch(() => found.directory));
  const options = writeOptions(query.arguments);
  const call = { cwd, environment: ambient, options, files: found.files, profiles, projectName };
  return {
    ...found,
    root,
    checkout: await readCheckout(root),
    call,
    source:
      binary === undefined ? readFilesAlone(found, projectName) : askCompose({ ...call, binary }, profiles),
  };
}

async function claimName(
  { client, environment, contract }: ComposeQuery,
  { root, checkout, directory }: Located,
  project: ComposeProject,
): Promise<{ stack: StackIdentity; notices: readonly string[] }> {
  const isFolderName = project.name === composeName(basename(directory));
  const workspace = contract?.workspace ?? toLabel(isFolderName ? checkout.name : project.name);
  return client.request('claim', {
    root,
    environment,
    workspace,
    workspaceId: checkout.workspaceId,
    main: checkout.main,
    branch: checkout.branch,
  });
}

/**
 * The main checkout keeps project, container and volume names, else its first run would show an empty database. A second
 * clone of the same name (its slug carries a hash) does not: it would take over the first one's containers.
 */
function keepsNames(stack: StackIdentity): boolean {
  const [, ...hashed] = slugCandidates(stack);
  return stack.main && stack.environment === DEFAULT_ENVIRONMENT && !hashed.includes(stack.slug);
}

function nameInMain({ directory, root, checkout }: Located, project: ComposeProject): string {
  const isFolderName = directory === root && project.name === composeName(basename(directory));
  return isFolderName ? composeName(checkout.name) : project.name;
}

const toLabel = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '') || 'stack';

/** Variables that a Compose file may use to tell stacks apart. */
const toldBy = ({ slug, workspace }: StackIdentity): Record<string, string> => ({
  PORTRAMP_STACK: slug,
  PORTRAMP_WORKSPACE: workspace,
});

function withScales(project: ComposeProject, scales: ReadonlyMap<string, number>): ComposeProject {
  if (scales.size === 0) return project;
  const services = [...project.services].map(([name, service]) => {
    const replicas = scales.get(name) ?? service.replicas;
    return [name, { ...service, replicas }] as const;
  });
  return { ...project, services: new Map(services) };
}

function shareOf(project: ComposeProject): ReadonlySet<string> {
  const known = shareableNames(project);
  for (const name of project.share) {
    if (known.includes(name)) continue;
    const nearest = suggest(name, known);
    throw new PortrampError(
      'UNKNOWN_NAME',
      `x-portramp.share names "${name}", which the project does not have`,
      {
        hint:
          nearest === undefined
            ? 'write volumes.NAME, networks.NAME or services.NAME'
            : `did you mean "${nearest}"?`,
      },
    );
  }
  return new Set(project.share);
}

async function leaseNumbers(
  { client }: ComposeQuery,
  { root, environment }: StackKey,
  publications: readonly Publication[],
): Promise<OverrideInputs['numberOf']> {
  const ports = publications.map((publication) => ({
    ...leaseOf(publication),
    span: publication.span,
    kept: true,
  }));
  const { leases } = await client.request('lease', { stack: { root, environment }, ports });
  const numbers = new Map(leases.map((lease) => [keyOf(lease), lease.number]));
  return (publication) => {
    const number = numbers.get(keyOf(leaseOf(publication)));
    if (number === undefined) throw new PortrampError('INTERNAL', `${publication.name} has no lease`);
    return number;
  };
}

/** A `/` in the name keeps it apart from every port that a contract can name. */
export const leaseOf = ({ service, name }: Publication): PortRef => ({ service, port: name });

const keyOf = ({ service, port }: Pick<Lease, 'service' | 'port'>): string => `${service}\0${port}`;

const headingFor = ({ slug }: StackIdentity, files: readonly string[]): string[] => [
  `The stack ${slug}: made by portramp, and made again at every call. It comes last:`,
  `docker compose ${files.map((file) => `-f ${file}`).join(' ')} -f THIS_FILE up`,
];

const describeFinding = ({ message, hint }: Finding): string =>
  hint === undefined ? message : `${message} (${hint})`;
