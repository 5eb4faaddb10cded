import { relative } from 'node:path';

import { ContractError } from '../contract/contract-error.ts';
import { messageOf, PortrampError } from '../lib/errors.ts';
import { AGAIN, isPassing } from './passing.ts';

/** Why an edit was not applied, one line for each reason, for `ls`. */
export function describeRefusal(error: unknown, root: string): string[] {
  if (isPassing(error)) {
    const cure = error instanceof PortrampError && error.hint !== undefined ? `; ${error.hint}` : '';
    return [`edit not applied: ${messageOf(error)}${cure}; it is tried again every ${AGAIN / 1_000} s`];
  }
  if (!(error instanceof ContractError)) return [`edit not applied: ${messageOf(error)}`];
  return error.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(
      ({ file, line, column, message }) =>
        `edit not applied: ${relative(root, file)}:${line}:${column} ${message}`,
    );
}
