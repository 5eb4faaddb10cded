import { relative } from 'node:path';

import { ContractError } from '../contract/contract-error.ts';
import { messageOf } from '../lib/errors.ts';

/** Why an edit was not applied, one line for each reason, for `ls`. */
export function describeRefusal(error: unknown, root: string): string[] {
  if (!(error instanceof ContractError)) return [`edit not applied: ${messageOf(error)}`];
  return error.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(
      ({ file, line, column, message }) =>
        `edit not applied: ${relative(root, file)}:${line}:${column} ${message}`,
    );
}
