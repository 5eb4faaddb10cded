import { compareRevisions, type Comparison, type Revision } from '../../../src/check/revision/compare.ts';
import { parseContract } from '../../../src/contract/parse.ts';

/** The contract of a text in all its environments; there must be nothing wrong with it. */
export function revisionOf(text: string): Revision {
  const source = { file: 'portramp.yaml', text };
  const { environments } = parseContract([source], 'dev');
  return new Map(
    environments.map((environment) => {
      const { contract, diagnostics } = parseContract([source], environment);
      if (contract === undefined) throw new Error(JSON.stringify(diagnostics, null, 2));
      return [environment, contract];
    }),
  );
}

export const compare = (before: string, after: string): Comparison =>
  compareRevisions(revisionOf(before), revisionOf(after), '2027-01-01');
