import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { Option, type Command } from 'commander';

import type { DiffFormat } from '../../check/revision/render.ts';
import { timestamp } from '../../lib/clock.ts';
import { color, hasColor, print } from '../terminal.ts';

interface DiffOptions {
  readonly dir?: string;
  readonly format: DiffFormat;
  readonly json?: boolean;
}

const FORMATS = ['text', 'json', 'github'] as const satisfies readonly DiffFormat[];

export function defineDiff(program: Command): void {
  program
    .command('diff <revision> [revision]')
    .summary('compare two revisions of the contract: what breaks, what is risky, what restarts')
    .description(
      'Compare the contract in a git revision with another one, or with the working tree. ' +
        'Exit code 0: nothing breaks, 1: something does, 2: a revision or its contract cannot be read.',
    )
    .addOption(new Option('--format <name>', 'how changes are printed').choices(FORMATS).default('text'))
    .option('--json', 'the same as --format json')
    .addHelpText(
      'after',
      '\nExamples:\n  portramp diff main\n  portramp diff v1.4 HEAD --json\n  portramp diff origin/main --format github',
    )
    .action((from: string, to: string | undefined, _options: unknown, command: Command) =>
      diff(from, to, command.optsWithGlobals()),
    );
}

async function diff(from: string, to: string | undefined, options: DiffOptions): Promise<void> {
  const { findContract } = await import('../../contract/find.ts');
  const start = await realpath(resolve(options.dir ?? '.'));
  const found = await findContract(start);
  // Between two revisions, the working tree needs no contract.
  const folder = found === undefined ? start : dirname(found.file);
  const { readRevision, readWorkingTree } = await import('../../check/revision/read.ts');
  const before = await readRevision(folder, from);
  const after = to === undefined ? await readWorkingTree(folder) : await readRevision(folder, to);
  const { compareRevisions, isBreaking } = await import('../../check/revision/compare.ts');
  const { renderComparison } = await import('../../check/revision/render.ts');
  const { prefixOf } = await import('../../check/tracked.ts');
  const comparison = compareRevisions(before, after, timestamp().slice(0, 10));
  const format = options.json ? 'json' : options.format;
  const text = renderComparison(comparison, {
    format,
    from,
    to: to ?? 'the working tree',
    folder: format === 'github' ? await prefixOf(folder) : '',
    color: hasColor,
  });
  if (text !== '') print(text);
  if (format === 'text' && isBreaking(comparison)) print(color.red('this breaks what others rely on'));
  process.exitCode = isBreaking(comparison) ? 1 : 0;
}
