/** The Compose project that a contract counts on. */
import { addComposeServices, findPortProblems } from '../compose/contract-services.ts';
import type { ComposeProject } from '../compose/model.ts';
import { findTies } from '../compose/part.ts';
import type { Contract } from '../contract/contract.ts';
import type { Diagnostic } from '../contract/diagnostic.ts';
import { placeFindings } from '../contract/finding.ts';

/**
 * How to find out what Compose files come to: those named, relative to the root, else the usual ones. Undefined where
 * there are none; `unreadable` where only Compose itself could tell.
 */
export type ReadComposeProject = (
  root: string,
  files: readonly string[],
) => Promise<ComposeReading | 'unreadable' | undefined>;

export interface ComposeReading {
  readonly project: ComposeProject;
  /** `files`: without Compose, so that names made from variables are not what they will be. */
  readonly by: 'compose' | 'files';
}

export interface Joined {
  readonly contract: Contract;
  readonly diagnostics: readonly Diagnostic[];
  readonly reading?: ComposeReading | undefined;
  /** Whether the project has services that are not known here. */
  readonly isIncomplete: boolean;
}

/** The contract with the project's services in it. */
export async function joinComposeProject(
  root: string,
  contract: Contract,
  read: ReadComposeProject,
): Promise<Joined> {
  const { files } = contract.compose ?? { files: undefined };
  if (files === undefined) return { contract, diagnostics: [], isIncomplete: false };
  const reading = await read(root, files);
  if (reading === undefined || reading === 'unreadable') {
    return { contract, diagnostics: [], isIncomplete: reading === 'unreadable' };
  }
  const { project } = reading;
  const { contract: joined, findings } = addComposeServices(contract, project);
  const problems = [...findings, ...findPortProblems(joined, project), ...findTies(joined, project)];
  const diagnostics = placeFindings(contract, 'PR022', 'error', problems);
  return { contract: joined, diagnostics, reading, isIncomplete: false };
}

/**
 * Names that may be those of services which only Compose can tell: whether they are wrong is not known. It stays a
 * finding, because somewhere it has to be looked at.
 */
export const doubtNames = (diagnostics: readonly Diagnostic[]): Diagnostic[] =>
  diagnostics.map((diagnostic) =>
    diagnostic.code === 'PR010' || diagnostic.code === 'PR026'
      ? {
          ...diagnostic,
          severity: 'note',
          hint: `install Docker Compose, which can read this project, to know for sure; else ${diagnostic.hint ?? 'see it'}`,
        }
      : diagnostic,
  );
