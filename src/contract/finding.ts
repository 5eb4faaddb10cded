import type { Contract } from './contract.ts';
import type { Diagnostic, Position, Severity } from './diagnostic.ts';
import type { RuleId } from './rule-ids.ts';
import type { Path } from './tree.ts';

/** What a rule found. How serious that is, and where in the file, is not the rule's business. */
export interface Finding {
  /** A path of the contract, or a place in another file. */
  readonly at: Path | Position;
  /** What is wrong, with values. */
  readonly message: string;
  /** What to type or change. */
  readonly hint: string;
  /** Where a finding weighs less than its rule does. */
  readonly severity?: Severity | undefined;
}

/** The findings of one rule as diagnostics. */
export function placeFindings(
  contract: Pick<Contract, 'locate'>,
  code: RuleId,
  severity: Severity,
  findings: readonly Finding[],
): Diagnostic[] {
  return findings.map(({ at, message, hint, severity: own = severity }) => ({
    code,
    severity: own,
    message,
    hint,
    ...('file' in at ? at : contract.locate(at)),
  }));
}
