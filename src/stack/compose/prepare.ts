/**
 * A Compose project made concrete for one stack: named, its published ports leased, its override made and checked
 * against what Compose itself makes of it. Nothing is started.
 */
import { realpath } from 'node:fs/promises';

import type { Variables } from '../../compose/interpolate.ts';
import type { ComposeProject } from '../../compose/model.ts';
import { namesFromMain, shareableNames, type NamePolicy } from '../../compose/names.ts';
import { planOverride, type Finding, type Override, type OverrideInputs } from '../../compose/override.ts';
import { publicationsOf } from '../../compose/publications.ts';
import { applyOverride } from '../../compose/verify.ts';
import { writeOverride } from '../../compose/write.ts';
import { readCheckout, type Checkout } from '../../lib/checkout.ts';
import { PortrampError } from '../../lib/errors.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { suggest } from '../../lib/suggest.ts';
import type { StackIdentity } from '../../plan/plan.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import { scalesOf, writeOptions, type ComposeArguments } from '../../runtime/compose/arguments.ts';
import type { ComposeBinary } from '../../runtime/compose/binary.ts';
import { findComposeFiles, profilesIn, type ComposeFiles } from '../../runtime/compose/files.ts';
import type { ComposeCall } from '../../runtime/compose/resolve.ts';
import { leaseNumbers } from './leases.ts';
import { withContents } from './contents.ts';
import { keepsNames, nameFor, nameInMain, sharedProjectName, workspaceOf } from './naming.ts';
import {
  askCompose,
  readFilesAlone,
  readWithFixedNames,
  type ProjectSource,
  type Reading,
} from './source.ts';
import type { ProjectChoice } from './started.ts';
import { projectLine } from './store.ts';
import { listWatched } from './watched.ts';

export interface ComposeQuery {
  readonly client: Pick<DaemonClient, 'request'>;
  /** Absent where none is installed: then the files are read without it. */
  readonly binary: ComposeBinary | undefined;
  /** Where the user stands. */
  readonly cwd: string;
  /** The shell's environment. */
  readonly ambient: Readonly<Record<string, string | undefined>>;
  readonly arguments: ComposeArguments;
  /** Told what will be read, also where that is refused then. */
  readonly onFiles?: ((files: readonly string[]) => void) | undefined;
  /** The contract's root; absent: the project's folder. */
  readonly root?: string | undefined;
  /** In which project the stack was started, and what it is read for now; absent: it never was, and is to be used. */
  readonly place?: Pick<ProjectChoice, 'started' | 'purpose' | 'standingOf'> | undefined;
}

/** The files of a project, and what they come to before the stack has a name. */
export interface OpenProject extends ComposeFiles {
  readonly query: ComposeQuery;
  readonly root: string;
  readonly checkout: Checkout;
  readonly call: Omit<ComposeCall, 'binary'>;
  readonly source: ProjectSource;
  readonly first: ComposeProject;
}

/** The project as it is in one stack, but for the override. */
export interface StackProject {
  readonly open: OpenProject;
  readonly stack: StackIdentity;
  /** What its override is called: the slug, or the name of the workspace's project. */
  readonly title: string;
  readonly reading: Reading;
  /** With the replicas that the command line asks for. */
  readonly project: ComposeProject;
  readonly policy: NamePolicy;
  readonly warnings: readonly string[];
  /** What a person chose for the name of the project and is not heeded, or not now. */
  readonly unheeded: readonly string[];
}

export interface ComposeStack {
  readonly stack: StackIdentity;
  readonly checkout: Checkout;
  readonly title: string;
  /** What its files call the project by themselves, where this stack bears that name; absent where it has one of its own. */
  readonly filesName?: string | undefined;
  /** The files of the user, the base first. */
  readonly files: readonly string[];
  /** The project's own, which its containers are marked with. */
  readonly directory: string;
  /** As it is without the override, but for the project's name. */
  readonly project: ComposeProject;
  readonly override: Override;
  /** Names in the engine of volumes and networks that are the main checkout's, although this stack may make them. */
  readonly borrowed: readonly string[];
  /** The override as a Compose file. */
  readonly text: string;
  /** The shell's over those of env files. */
  readonly variables: Variables;
  /** How Compose is to be called for this stack; the override is still to be added to its files. */
  readonly call: Omit<ComposeCall, 'binary'>;
  /** For a person. */
  readonly notices: readonly string[];
  /** Those of the notices that concern every command. */
  readonly unheeded: readonly string[];
}

/**
 * The project of a folder that has no contract, or one that does not speak of Compose.
 * @param workspace The contract's; absent: the project is the workspace.
 * @throws PortrampError COMPOSE_INVALID, NO_FREE_PORT, UNKNOWN_NAME (a misspelt `share`), USAGE; ContractError
 */
export async function prepareCompose(
  query: ComposeQuery,
  environment: string,
  workspace?: string,
): Promise<ComposeStack> {
  const open = await openProject(query);
  const { stack, notices } = await query.client.request('claim', {
    root: open.root,
    environment,
    workspace: workspace ?? workspaceOf(open),
    workspaceId: open.checkout.workspaceId,
    main: open.checkout.main,
    branch: open.checkout.branch,
  });
  const base = await readForStack(open, stack);
  const numberOf = await leaseNumbers(query.client, stack, publicationsOf(base.project));
  return makeOverride(base, { numberOf }, notices);
}

/** @throws PortrampError COMPOSE_INVALID, USAGE; ContractError */
export async function openProject(query: ComposeQuery): Promise<OpenProject> {
  const { cwd, ambient, binary } = query;
  const { files, projectDirectory, profiles: chosen, envFiles } = query.arguments;
  const found = await findComposeFiles({ cwd, environment: ambient, files, projectDirectory, envFiles });
  if (found === undefined) {
    throw new PortrampError('COMPOSE_INVALID', `there is no Compose file in ${cwd} or a folder above it`, {
      hint: 'name it with -f, or change to its folder',
    });
  }
  const root = query.root ?? (await realpath(found.directory).catch(() => found.directory));
  query.onFiles?.(await listWatched(found));
  const options = writeOptions(query.arguments);
  const profiles = profilesIn(found.variables, chosen);
  const call = { cwd, environment: ambient, options, files: found.files, profiles };
  const source = binary === undefined ? readFilesAlone(found) : askCompose({ ...call, binary }, profiles);
  // The workspace keeps its name, whatever one command calls its project.
  const unnamed = { ...ambient, COMPOSE_PROJECT_NAME: undefined };
  const { project: first } = await source.read({ environment: unnamed });
  return { ...found, query, root, checkout: await readCheckout(root), call, source, first };
}

/** @param share What the contract shares, besides the project itself. @throws PortrampError UNKNOWN_NAME … */
export async function readForStack(
  open: OpenProject,
  stack: StackIdentity,
  share: readonly string[] = [],
): Promise<StackProject> {
  const { query, source } = open;
  const keeps = keepsNames(stack);
  const { name, notice } = await nameFor(open, stack);
  const environment = { ...query.ambient, ...toldBy(stack) };
  const reading: Reading = { environment, projectName: name };
  const read = keeps ? source.read(reading) : readWithFixedNames(source, reading);
  const { project: base, warnings } = await read;
  const project = await withContents(withScales(base, scalesOf(query.arguments)));
  const policy: NamePolicy = keeps
    ? { names: 'keep' }
    : { names: 'release', share: shareOf(project, share), mainName: nameInMain(open) };
  const unheeded = notice === undefined ? [] : [notice];
  return { open, stack, title: stack.slug, reading, project, policy, warnings, unheeded };
}

/**
 * The same for what all branches share: a project of the workspace, with names of its own. Every stack reads the same,
 * unless its files differ.
 */
export async function readForWorkspace(open: OpenProject, stack: StackIdentity): Promise<StackProject> {
  const { query, source } = open;
  const name = sharedProjectName(stack);
  const told = { ...toldBy(stack), PORTRAMP_STACK: name };
  const reading: Reading = { environment: { ...query.ambient, ...told }, projectName: name };
  const { project, warnings } = await source.read(reading);
  return { open, stack, title: name, reading, project, policy: { names: 'keep' }, warnings, unheeded: [] };
}

/** Makes the override and proves it. @throws PortrampError COMPOSE_INVALID */
export async function makeOverride(
  base: StackProject,
  inputs: Omit<OverrideInputs, 'project' | 'policy'>,
  notices: readonly string[] = [],
): Promise<ComposeStack> {
  const { open, stack, title, reading, project, policy } = base;
  const { call, source, files, directory } = open;
  const override = planOverride({ ...inputs, project, policy });
  const text = writeOverride(
    override,
    headingFor(base, project.name === open.first.name ? override.name : project.name),
  );
  await source.check(reading, text, applyOverride(project, override));
  return {
    stack,
    checkout: open.checkout,
    title,
    filesName: policy.names === 'keep' && title === stack.slug ? open.first.name : undefined,
    files,
    directory,
    project,
    override,
    borrowed: namesFromMain(project, policy),
    text,
    variables: open.variables,
    call: { ...call, ...reading, projectName: project.name },
    notices: [
      ...source.notices,
      ...notices,
      ...base.warnings,
      ...base.unheeded,
      ...override.findings.map(describeFinding),
    ],
    unheeded: base.unheeded,
  };
}

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

function shareOf(project: ComposeProject, more: readonly string[]): ReadonlySet<string> {
  const known = shareableNames(project);
  const share = [...project.share, ...more];
  for (const name of share) {
    if (known.includes(name)) continue;
    const nearest = suggest(name, known);
    throw new PortrampError(
      'UNKNOWN_NAME',
      `"share" names "${name}", which the Compose project does not have`,
      {
        hint:
          nearest === undefined
            ? 'write volumes.NAME, networks.NAME or services.NAME'
            : `did you mean "${nearest}"?`,
      },
    );
  }
  return new Set(share);
}

/** @param name Named in so many words: a `COMPOSE_PROJECT_NAME` of `.env` counts more than the file's. */
function headingFor({ title, open, project }: StackProject, name: string | undefined): string[] {
  const { files } = open;
  const words = [
    ...(name === undefined ? [] : ['-p', name]),
    ...files.flatMap((file) => ['-f', shellWord(file)]),
  ];
  return [
    `The stack ${title}: made by portramp, and made again at every call. It comes last:`,
    `docker compose ${words.join(' ')} -f THIS_FILE up`,
    projectLine(project.name),
  ];
}

const describeFinding = ({ message, hint }: Finding): string =>
  hint === undefined ? message : `${message} (${hint})`;
