import type { Contract } from '../contract/contract.ts';
import { sortDiagnostics, type Diagnostic } from '../contract/diagnostic.ts';
import { loadEnvFiles } from '../contract/env-files.ts';
import { loadContract } from '../contract/load.ts';
import { timestamp } from '../lib/clock.ts';
import { checkContract, findInProject, type CheckInput } from './check.ts';
import {
  describeDoubts,
  joinComposeProject,
  type ComposeReading,
  type ReadComposeProject,
} from './compose-project.ts';
import { NO_FACTS } from './facts/facts.ts';
import { gatherFacts, readComposeFiles } from './gather.ts';
import { readProjectStatically } from './static-project.ts';

export interface Checked {
  readonly diagnostics: Diagnostic[];
  /** What could be understood, one an environment. */
  readonly contracts: readonly Contract[];
}

export interface CheckOptions {
  /** Values of `${VAR}`. */
  readonly ambient?: Readonly<Record<string, string | undefined>>;
  /** `YYYY-MM-DD`. */
  readonly today?: string;
  /** Default: from the files alone. */
  readonly readCompose?: ReadComposeProject;
}

/**
 * Checks the contract in `root` in all its environments, without the personal overlay, and what git tracks around
 * it. Env files that this machine lacks are no finding: they are often not committed, and `dev` says when one is
 * missing.
 */
export async function checkWorkspace(
  root: string,
  { ambient = {}, today = timestamp().slice(0, 10), readCompose = readProjectStatically }: CheckOptions = {},
): Promise<Checked> {
  const read = rememberingAnswers(readCompose);
  const inputs = await readEnvironments(root, read);
  const contracts = inputs.flatMap(({ contract }) => contract ?? []);
  // A contract that has nothing to do with it may lie beside a Compose file all the same.
  const reading = inputs[0]?.reading ?? (await read(root, []));
  const named = contracts.flatMap(({ compose }) => compose?.files ?? []);
  const found = reading?.by === 'compose' ? (reading.files ?? []) : [];
  const facts = await gatherFacts(root, contracts, today, named.length > 0 ? named : found);
  const project = reading?.by === 'compose' ? reading.project : undefined;
  return { diagnostics: checkContract(inputs, ambient, { ...facts, project }), contracts };
}

/**
 * What can be said of a Compose project that no contract governs: where two stacks of it meet.
 * @param files As for `ReadComposeProject`.
 */
export async function checkComposeProject(
  root: string,
  files: readonly string[],
  read: ReadComposeProject,
): Promise<Diagnostic[]> {
  const reading = await read(root, files);
  const project = reading === undefined || reading.by === 'nobody' ? undefined : reading.project;
  const compose = readComposeFiles(root, files);
  const found = findInProject({ ...NO_FACTS, compose, project });
  return sortDiagnostics([...found, ...describeDoubts(reading)]);
}

interface EnvironmentInput extends CheckInput {
  readonly reading?: ComposeReading | undefined;
}

/** The contract in every environment, `dev` first. */
async function readEnvironments(root: string, read: ReadComposeProject): Promise<EnvironmentInput[]> {
  const first = await loadContract(root, { personal: false });
  const others = await Promise.all(
    first.environments.slice(1).map((environment) => loadContract(root, { environment, personal: false })),
  );
  return Promise.all(
    [first, ...others].map(async ({ contract, partial, diagnostics }): Promise<EnvironmentInput> => {
      const written = contract ?? partial;
      if (written === undefined) return { diagnostics, envFiles: new Map() };
      const {
        contract: known,
        reading,
        isIncomplete,
        ...joined
      } = await joinComposeProject(root, written, read);
      // Env files are seldom committed: where `dev` stops without one, a check in CI goes on.
      const { values: envFiles, diagnostics: ofEnvFiles } = await loadEnvFiles(root, known, {
        absent: 'note',
      });
      return {
        contract: known,
        diagnostics: [...diagnostics, ...joined.diagnostics, ...ofEnvFiles],
        envFiles,
        reading,
        isIncomplete,
      };
    }),
  );
}

/** Most environments have the same files. */
function rememberingAnswers(read: ReadComposeProject): ReadComposeProject {
  const answers = new Map<string, ReturnType<ReadComposeProject>>();
  return (root, files) => {
    const key = files.join('\0');
    const answer = answers.get(key) ?? read(root, files);
    answers.set(key, answer);
    return answer;
  };
}
