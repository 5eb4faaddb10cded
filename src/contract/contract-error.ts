import { PortrampError } from '../lib/errors.ts';
import type { Diagnostic } from './diagnostic.ts';

/** Thrown where a command cannot go on without a valid contract; carries every finding. */
export class ContractError extends PortrampError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
    const [first] = errors;
    super(
      'CONTRACT_INVALID',
      first === undefined
        ? 'the contract is invalid'
        : `${first.file}:${first.line}:${first.column} ${first.message}`,
      { hint: first?.hint },
    );
    this.diagnostics = diagnostics;
  }
}
