/** The Compose project that a contract counts on. */
import { addComposeServices, findPortProblems } from '../compose/contract-services.ts';
import type { ComposeProject } from '../compose/model.ts';
import type { Doubt } from '../compose/static.ts';
import { findTies } from '../compose/part.ts';
import type { Contract } from '../contract/contract.ts';
import type { Diagnostic, Position } from '../contract/diagnostic.ts';
import { placeFindings } from '../contract/finding.ts';

/**
 * How to find out what Compose files come to: those named, relative to the root, else the usual ones. Undefined where
 * there are none.
 */
export type ReadComposeProject = (
  root: string,
  files: readonly string[],
) => Promise<ComposeReading | Unreadable | undefined>;

export interface ComposeReading {
  readonly project: ComposeProject;
  /** `files`: without Compose, so that names made from variables are not what they will be. */
  readonly by: 'compose' | 'files';
  /** The files that the project was read from, relative to the root. */
  readonly files?: readonly string[];
  /** Ports and names that nobody knows here. */
  readonly doubts: readonly Doubt[];
}

/** Files that could not be read without Compose. */
export interface Unreadable {
  readonly by: 'nobody';
  readonly diagnostics: readonly Diagnostic[];
  /** Whether Compose itself could read them, as far as is known. */
  readonly isBeyond: boolean;
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
  if (reading === undefined) return { contract, diagnostics: [], isIncomplete: false };
  if (reading.by === 'nobody') {
    // What only Compose can read is no mistake; what Compose refuses, "dev" refuses too.
    return { contract, diagnostics: reading.isBeyond ? [] : reading.diagnostics, isIncomplete: true };
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

/**
 * What cannot be told of a project that no Compose has resolved, and what is wrong with it: without this, silence would
 * look like "no collision".
 */
export function describeDoubts(reading: ComposeReading | Unreadable | undefined): Diagnostic[] {
  if (reading === undefined) return [];
  if (reading.by !== 'nobody') {
    return reading.doubts.map(({ at, text, variables }) =>
      doubt(
        at,
        `whether two stacks meet in "${text}" cannot be told: ${variables.join(', ')} is not known here`,
      ),
    );
  }
  const { diagnostics, isBeyond } = reading;
  if (!isBeyond) return [...diagnostics];
  return diagnostics.map(({ message, ...at }) =>
    doubt(at, `whether two stacks meet cannot be told: ${message}`),
  );
}

const doubt = ({ file, line, column }: Position, message: string): Diagnostic => ({
  code: 'PR031',
  severity: 'note',
  message,
  hint: 'install Docker Compose 2.24.4 or newer, which "portramp check" asks',
  file,
  line,
  column,
});
