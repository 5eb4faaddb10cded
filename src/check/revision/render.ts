/** A comparison for people and for programs. No line end after the last line. */
import { createColors } from 'picocolors';

import { githubCommand } from '../report/github.ts';
import type { RevisionChange, Weight } from './change.ts';
import { isBreaking, type Comparison } from './compare.ts';
import type { Step } from './restarts.ts';

export type DiffFormat = 'text' | 'json' | 'github';

export interface DiffOptions {
  readonly format: DiffFormat;
  /** What was compared, as it was asked for. */
  readonly from: string;
  readonly to: string;
  /** The folder of the contract below the root of the repository, `''` at the root. */
  readonly folder: string;
  /** For text: escape codes for a terminal. */
  readonly color: boolean;
}

export function renderComparison(comparison: Comparison, options: DiffOptions): string {
  switch (options.format) {
    case 'text':
      return renderText(comparison, options);
    case 'json':
      return renderJson(comparison, options);
    case 'github':
      return renderGithub(comparison, options);
    default:
      return options.format satisfies never;
  }
}

function renderText({ changes, steps }: Comparison, { from, to, color }: DiffOptions): string {
  if (changes.length === 0) return `nothing changed between ${from} and ${to}`;
  const colors = createColors(color);
  const paint = { breaking: colors.red, risky: colors.yellow, safe: colors.green };
  const lines = changes.map((change) => {
    const place = colors.dim(`${change.file}:${change.line}:${change.column}`);
    return `${paint[change.weight](change.weight.padEnd(8))}  ${change.message}${inEnvironments(change)}  ${place}`;
  });
  return [...lines, '', describeSteps(steps)].join('\n');
}

/** Most contracts have one environment, and most changes are in all of them. */
const inEnvironments = ({ environments }: RevisionChange): string =>
  environments.includes('dev') ? '' : ` (${environments.join(', ')})`;

const describeSteps = (steps: readonly Step[]): string =>
  steps.length === 0
    ? 'nothing restarts'
    : `a running stack, in this order: ${steps.map((step) => `${VERBS[step.action]} ${step.service}`).join(', ')}`;

const VERBS = { stop: 'stop', start: 'start', restart: 'restart', reroute: 'rename (no restart)' } as const;

const renderJson = (comparison: Comparison, { from, to }: DiffOptions): string =>
  JSON.stringify(
    {
      version: 1,
      from,
      to,
      breaking: isBreaking(comparison),
      changes: comparison.changes.map(({ weight, code, message, environments, file, line, column }) => ({
        weight,
        code,
        message,
        environments,
        file,
        line,
        column,
      })),
      steps: comparison.steps,
    },
    null,
    2,
  );

const COMMANDS: Readonly<Record<Weight, 'error' | 'warning' | 'notice'>> = {
  breaking: 'error',
  risky: 'warning',
  safe: 'notice',
};

/** Annotations in the pull request, and what restarts as a line of the log. */
function renderGithub({ changes, steps }: Comparison, { folder }: DiffOptions): string {
  const annotations = changes.map((change) =>
    githubCommand(COMMANDS[change.weight], `${change.message}${inEnvironments(change)}`, {
      // GitHub knows files by their path in the repository.
      file: folder === '' ? change.file : `${folder}/${change.file}`,
      line: change.line,
      col: change.column,
      title: `${change.weight}: ${change.code}`,
    }),
  );
  return [...annotations, ...(changes.length === 0 ? [] : [describeSteps(steps)])].join('\n');
}
