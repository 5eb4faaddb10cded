import type { Diagnostic } from '../../contract/diagnostic.ts';
import type { ReportOptions } from '../report.ts';
import { shorten } from './shorten.ts';

/** What a diagnostic of this weight is called by a workflow command. */
const COMMANDS = { error: 'error', warning: 'warning', note: 'notice' } as const;

/** Workflow commands of GitHub Actions: annotations in the diff of a pull request. */
export const renderGithub = (diagnostics: readonly Diagnostic[], { root }: ReportOptions): string =>
  diagnostics
    .map(({ code, severity, message, hint, file, line, column }) =>
      githubCommand(COMMANDS[severity], hint === undefined ? message : `${message}\n${hint}`, {
        file: shorten(file, root),
        line,
        col: column,
        title: code,
      }),
    )
    .join('\n');

/** One command; neither text nor properties can end it early or begin another. */
export function githubCommand(
  command: (typeof COMMANDS)[keyof typeof COMMANDS],
  text: string,
  properties: Readonly<Record<string, string | number>> = {},
): string {
  const list = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${command}${list.length === 0 ? '' : ` ${list.join(',')}`}::${escapeData(text)}`;
}

const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const escapeProperty = (text: string): string =>
  escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
