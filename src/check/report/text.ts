import { createColors } from 'picocolors';

import type { Diagnostic } from '../../contract/diagnostic.ts';
import type { ReportOptions } from '../report.ts';
import { shorten } from './shorten.ts';

/** `file:line:column severity code message`, then the hint. */
export function renderText(diagnostics: readonly Diagnostic[], { root, color }: ReportOptions): string {
  const colors = createColors(color);
  const paint = { error: colors.red, warning: colors.yellow, note: colors.cyan };
  return diagnostics
    .flatMap(({ code, severity, message, hint, file, line, column }) => [
      `${colors.bold(`${shorten(file, root)}:${line}:${column}`)} ${paint[severity](severity)} ${code} ${message}`,
      ...(hint === undefined ? [] : [`  ${colors.dim('hint:')} ${hint}`]),
    ])
    .join('\n');
}
