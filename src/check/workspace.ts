import type { Contract } from '../contract/contract.ts';
import type { Diagnostic } from '../contract/diagnostic.ts';
import { loadContract, loadEnvFiles } from '../contract/load.ts';
import { checkContract, type CheckInput } from './check.ts';
import { joinComposeProject } from './compose-project.ts';
import { gatherFacts } from './gather.ts';

export interface Checked {
  readonly diagnostics: Diagnostic[];
  /** What could be understood, one an environment. */
  readonly contracts: readonly Contract[];
}

/**
 * Checks the contract in `root` in all its environments, without the personal overlay, and what git tracks around
 * it. Env files that this machine lacks are no finding: they are often not committed, and `dev` says when one is
 * missing. `today` is `YYYY-MM-DD`.
 */
export async function checkWorkspace(
  root: string,
  ambient: Readonly<Record<string, string | undefined>> = {},
  today: string = new Date().toISOString().slice(0, 10),
): Promise<Checked> {
  const inputs = await readEnvironments(root);
  const contracts = inputs.flatMap(({ contract }) => contract ?? []);
  const facts = await gatherFacts(root, contracts, today);
  return { diagnostics: checkContract(inputs, ambient, facts), contracts };
}

/** The contract in every environment, `dev` first. */
export async function readEnvironments(root: string): Promise<CheckInput[]> {
  const first = await loadContract(root, { personal: false });
  const others = await Promise.all(
    first.environments.slice(1).map((environment) => loadContract(root, { environment, personal: false })),
  );
  return Promise.all(
    [first, ...others].map(async ({ contract, partial, diagnostics }): Promise<CheckInput> => {
      const written = contract ?? partial;
      const joined = written && (await joinComposeProject(root, written));
      const known = joined?.contract;
      const envFiles = known === undefined ? new Map() : (await loadEnvFiles(root, known)).values;
      return { contract: known, diagnostics: [...diagnostics, ...(joined?.diagnostics ?? [])], envFiles };
    }),
  );
}
