import type { RuleId } from './rule-ids.ts';

/** A place in a file; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Severity = 'error' | 'warning' | 'note';

/** One finding about a contract. */
export interface Diagnostic extends Position {
  readonly code: RuleId;
  readonly severity: Severity;
  /** What is wrong, with values. */
  readonly message: string;
  /** What to type or change. */
  readonly hint?: string | undefined;
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((diagnostic) => diagnostic.severity === 'error');

/** By file and place, each finding once. Files keep the order in which they first occur. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = [...new Set(diagnostics.map((diagnostic) => diagnostic.file))];
  const unique = new Map(
    diagnostics.map((each) => [
      JSON.stringify([each.file, each.line, each.column, each.code, each.message]),
      each,
    ]),
  );
  return [...unique.values()].sort(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      a.code.localeCompare(b.code),
  );
}
