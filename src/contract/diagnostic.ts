/** A place in a file; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export type Severity = 'error' | 'warning' | 'note';

/** One finding about a contract. `code` is a rule id (`PR001` …). */
export interface Diagnostic extends Position {
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, with values. */
  readonly message: string;
  /** What to type or change. */
  readonly hint?: string | undefined;
}

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((diagnostic) => diagnostic.severity === 'error');
