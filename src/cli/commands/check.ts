import type { Command } from 'commander';

import { hasErrors } from '../../contract/diagnostic.ts';
import { hasColor, print } from '../terminal.ts';
import { locateStack, type StackOptions } from '../workspace.ts';

interface CheckOptions extends StackOptions {
  readonly json?: boolean;
}

export function defineCheck(program: Command): void {
  program
    .command('check')
    .summary('find every problem of the contract at once')
    .description(
      'Check the contract in all its environments, without the daemon. Exit code 2 when it cannot be used as it is.',
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  portramp check --json')
    .action((_options: unknown, command: Command) => check(command.optsWithGlobals()));
}

async function check(options: CheckOptions): Promise<void> {
  const { root } = await locateStack(options);
  const { checkWorkspace } = await import('../../check/workspace.ts');
  const { renderDiagnostics } = await import('../../check/report.ts');
  const diagnostics = await checkWorkspace(root);
  const format = options.json ? 'json' : 'text';
  print(renderDiagnostics(diagnostics, { format, root, color: hasColor }));
  process.exitCode = hasErrors(diagnostics) ? 2 : 0;
}
