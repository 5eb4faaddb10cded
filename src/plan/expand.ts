/** Templates to text. What cannot be resolved becomes a diagnostic and, in the text, nothing. */
import type { Diagnostic, Position, Severity } from '../contract/diagnostic.ts';
import { parseShellTemplate, parseTemplate, type Part } from '../contract/template.ts';
import type { Answer } from './lookup.ts';

/** Where a template stands, and what its names mean there. */
export interface Scope {
  readonly at: Position;
  lookUp(path: readonly string[]): Answer;
  /** The value of `${VAR}`, from the shell, the env files and what is injected. */
  variable(name: string): string | undefined;
  readonly unresolvedVariables: 'error' | 'note';
  report(diagnostic: Diagnostic): void;
}

/** `quote` is applied to what is put in, not to what is written. */
export function expandTemplate(
  text: string,
  scope: Scope,
  quote: (value: string) => string = (value) => value,
): string {
  const { parts, malformed } = parseTemplate(text);
  for (const source of malformed) {
    const message = `${source} is neither a reference nor a variable`;
    report(scope, 'error', message, 'write ${name.attr}, ${VAR} or ${VAR:-default}; $$ is a dollar sign');
  }
  return expandParts(parts, scope, quote);
}

/**
 * A shell command. What is put in must mean nothing to any shell, in or out of quotes; values that could are
 * refused, because no way of quoting is right in every place.
 */
export function expandCommand(command: string, scope: Scope): string {
  return parseShellTemplate(command)
    .map((part) => {
      if (part.kind !== 'reference') return part.kind === 'text' ? part.text : part.source;
      const value = expandReference(part, scope);
      if (/^[\w@%+=:,./-]*$/.test(value)) return value;
      const message = `the value of ${part.source} holds characters that a shell would act on`;
      report(scope, 'error', message, `put ${part.source} into env, and write "$NAME" in the command`);
      return '';
    })
    .join('');
}

type Reference = Extract<Part, { kind: 'reference' }>;
type Variable = Extract<Part, { kind: 'variable' }>;

const expandParts = (parts: readonly Part[], scope: Scope, quote: (value: string) => string): string =>
  parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      if (part.kind === 'reference') return quote(expandReference(part, scope));
      return expandVariable(part, scope, quote);
    })
    .join('');

function expandReference({ path }: Reference, scope: Scope): string {
  const answer = scope.lookUp(path);
  if ('value' in answer) return answer.value;
  if ('problem' in answer) {
    const { code = 'PR026', message, hint } = answer.problem;
    scope.report({ code, severity: 'error', message, hint, ...scope.at });
  }
  return '';
}

function expandVariable(
  { name, fallback, source }: Variable,
  scope: Scope,
  quote: (value: string) => string,
): string {
  const value = scope.variable(name);
  if (fallback !== undefined && (value === undefined || value === ''))
    return expandParts(fallback, scope, quote);
  if (value !== undefined) return quote(value);
  // A note is about any machine, not about this one.
  const problem = scope.unresolvedVariables === 'note' ? 'has to be set where this runs' : 'is not set';
  const message = `${source}: the variable ${name} ${problem}`;
  const hint = `export ${name}, put it into an env file, or write \${${name}:-default}`;
  report(scope, scope.unresolvedVariables, message, hint);
  return '';
}

function report(scope: Scope, severity: Severity, message: string, hint: string | undefined): void {
  scope.report({ code: 'PR026', severity, message, hint, ...scope.at });
}
