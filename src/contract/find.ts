import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** The names that a contract may have, the preferred one first. */
export const CONTRACT_NAMES = ['portramp.yaml', 'portramp.yml', 'portramp.json'] as const;

/** The git-ignored overlay of one person. */
export const PERSONAL_OVERLAY = 'portramp.local.yaml';

/** The nearest folder at or above `from` that holds a contract. Loads neither YAML nor the schema. */
export async function findContract(from: string): Promise<{ root: string; file: string } | undefined> {
  let folder = resolve(from);
  for (;;) {
    const file = await findContractIn(folder);
    if (file !== undefined) return { root: folder, file };
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
}

/** The contract's path in this very folder. Whatever bears the name counts, so that a folder is reported. */
export async function findContractIn(folder: string): Promise<string | undefined> {
  const [first] = await listContracts(folder);
  return first;
}

/** All that bear the name of a contract; only the first one counts. */
export async function listContracts(folder: string): Promise<string[]> {
  const paths = CONTRACT_NAMES.map((name) => join(folder, name));
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.filter((_, index) => found[index] !== undefined);
}
