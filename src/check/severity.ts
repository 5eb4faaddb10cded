import type { Contract } from '../contract/contract.ts';
import type { Diagnostic, Severity } from '../contract/diagnostic.ts';
import { FIXED_RULES } from '../contract/rule-ids.ts';

/** The findings with the weight that the contract gives them; those of a rule that is off are left out. */
export function judge(
  { severities }: Pick<Contract, 'severities'>,
  diagnostics: readonly Diagnostic[],
): Diagnostic[] {
  return diagnostics.flatMap((diagnostic) => {
    const wanted = severities[diagnostic.code];
    if (wanted === undefined || isFixed(diagnostic)) return [diagnostic];
    return wanted === 'off' ? [] : [{ ...diagnostic, severity: wanted }];
  });
}

/** What stops `dev` stays an error; a note of such a rule (an unset variable) may be judged. */
const isFixed = ({
  code,
  severity,
}: {
  readonly code: Diagnostic['code'];
  readonly severity: Severity;
}): boolean => severity === 'error' && (code === 'PR026' || FIXED_RULES.some((rule) => rule === code));
