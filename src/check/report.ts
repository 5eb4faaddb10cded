/** Diagnostics for people and for programs. Pure. */
import type { Diagnostic } from '../contract/diagnostic.ts';
import { renderGithub } from './report/github.ts';
import { renderJson } from './report/json.ts';
import { renderJunit } from './report/junit.ts';
import { renderSarif } from './report/sarif.ts';
import { renderText } from './report/text.ts';

export type Format = 'text' | 'json' | 'sarif' | 'github' | 'junit';

export interface ReportOptions {
  /** Files are shown relative to this folder. */
  readonly root: string;
  /** For text: escape codes for a terminal. */
  readonly color: boolean;
}

/** No line end after the last line; text and GitHub's annotations are empty where there are no findings. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  options: ReportOptions & { readonly format: Format },
): string {
  switch (options.format) {
    case 'text':
      return renderText(diagnostics, options);
    case 'json':
      return renderJson(diagnostics, options);
    case 'sarif':
      return renderSarif(diagnostics, options);
    case 'github':
      return renderGithub(diagnostics, options);
    case 'junit':
      return renderJunit(diagnostics, options);
    default:
      return options.format satisfies never;
  }
}
