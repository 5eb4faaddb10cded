import { relative } from 'node:path';

import { ContractError } from '../contract/contract-error.ts';
import { messageOf } from '../lib/errors.ts';

/** For people who look at the stack: why an edit did not take effect. */
export function explainRefusal(error: unknown, root: string): string[] {
  if (!(error instanceof ContractError)) return [`edit not applied: ${messageOf(error)}`];
  return error.diagnostics
    .filter(({ severity }) => severity === 'error')
    .map(
      ({ file, line, column, message }) =>
        `edit not applied: ${relative(root, file)}:${line}:${column} ${message}`,
    );
}
