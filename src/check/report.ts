import { isAbsolute, relative } from 'node:path';

import { createColors } from 'picocolors';

import type { Diagnostic } from '../contract/diagnostic.ts';

export interface ReportOptions {
  readonly format: 'text' | 'json';
  /** Files are shown relative to this folder. */
  readonly root: string;
  /** For text: escape codes for a terminal. */
  readonly color: boolean;
}

/** Text for people (`file:line:column severity code message`, then the hint), or one JSON object. No line end. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: ReportOptions): string {
  return options.format === 'json' ? renderJson(diagnostics, options) : renderText(diagnostics, options);
}

function renderText(diagnostics: readonly Diagnostic[], { root, color }: ReportOptions): string {
  const colors = createColors(color);
  const paint = { error: colors.red, warning: colors.yellow, note: colors.cyan };
  return diagnostics
    .flatMap(({ code, severity, message, hint, file, line, column }) => [
      `${colors.bold(`${shorten(file, root)}:${line}:${column}`)} ${paint[severity](severity)} ${code} ${message}`,
      ...(hint === undefined ? [] : [`  ${colors.dim('hint:')} ${hint}`]),
    ])
    .join('\n');
}

function renderJson(diagnostics: readonly Diagnostic[], { root }: ReportOptions): string {
  const list = diagnostics.map(({ code, severity, message, hint, file, line, column }) => ({
    code,
    severity,
    message,
    ...(hint === undefined ? {} : { hint }),
    file: shorten(file, root),
    line,
    column,
  }));
  return JSON.stringify({ version: 1, diagnostics: list }, null, 2);
}

/** Files outside the folder keep their path. */
function shorten(file: string, root: string): string {
  if (!isAbsolute(file)) return file;
  const short = relative(root, file);
  return short === '' || short.startsWith('..') ? file : short;
}
