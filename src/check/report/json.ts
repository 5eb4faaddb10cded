import type { Diagnostic } from '../../contract/diagnostic.ts';
import type { ReportOptions } from '../report.ts';
import { shorten } from './shorten.ts';

export function renderJson(diagnostics: readonly Diagnostic[], { root }: ReportOptions): string {
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
