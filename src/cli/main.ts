import { CommanderError } from 'commander';

import { ContractError } from '../contract/contract-error.ts';
import { PortrampError, messageOf, type ErrorCode } from '../lib/errors.ts';
import { locateHome } from '../lib/home.ts';
import { describeStateError } from '../lib/state-folder.ts';
import { describeSystemError } from '../lib/system-error.ts';
import { passThrough } from './pass-through.ts';
import { createProgram } from './program.ts';
import { color, guardOutput, notice, sayProblem } from './terminal.ts';

const USAGE_ERRORS: readonly ErrorCode[] = [
  'USAGE',
  'CONTRACT_INVALID',
  'CONTRACT_NOT_FOUND',
  'REVISION_UNREADABLE',
  'UNKNOWN_NAME',
];

guardOutput();
try {
  await createProgram().parseAsync(passThrough(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  process.exitCode = await report(error);
}

/** Prints what went wrong and returns the exit code. */
async function report(thrown: unknown): Promise<number> {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
  const error = describeStateError(thrown, locateHome()) ?? describeSystemError(thrown) ?? thrown;
  if (!(error instanceof PortrampError)) {
    notice(`${color.red('error')} ${messageOf(error)}`);
    notice(
      error instanceof Error && process.env['PORTRAMP_DEBUG']
        ? String(error.stack)
        : 'This is a bug; PORTRAMP_DEBUG=1 prints where.',
    );
    return 1;
  }
  if (error instanceof ContractError) {
    const { renderDiagnostics } = await import('../check/report.ts');
    notice(
      renderDiagnostics(error.diagnostics, {
        format: 'text',
        root: process.cwd(),
        color: color.isColorSupported,
      }),
    );
  } else {
    sayProblem(error);
  }
  return USAGE_ERRORS.includes(error.code) ? 2 : 1;
}
