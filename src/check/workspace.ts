import type { Diagnostic } from '../contract/diagnostic.ts';
import { loadContract, loadEnvFiles } from '../contract/load.ts';
import { checkContract, type CheckInput } from './check.ts';

/**
 * Checks the contract in `root` in all its environments, without the personal overlay. Env files that this
 * machine lacks are no finding: they are often not committed, and `dev` says when one is missing.
 */
export async function checkWorkspace(
  root: string,
  ambient: Readonly<Record<string, string | undefined>> = {},
): Promise<Diagnostic[]> {
  const first = await loadContract(root, { personal: false });
  const others = await Promise.all(
    first.environments.slice(1).map((environment) => loadContract(root, { environment, personal: false })),
  );
  const inputs = await Promise.all(
    [first, ...others].map(async ({ contract, partial, diagnostics }): Promise<CheckInput> => {
      const known = contract ?? partial;
      const envFiles = known === undefined ? new Map() : (await loadEnvFiles(root, known)).values;
      return { contract: known, diagnostics, envFiles };
    }),
  );
  return checkContract(inputs, ambient);
}
