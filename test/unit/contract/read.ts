import { expect } from 'vitest';

import type { Contract } from '../../../src/contract/contract.ts';
import type { Diagnostic } from '../../../src/contract/diagnostic.ts';
import { parseContract } from '../../../src/contract/parse.ts';

export const HEAD = 'version: 1\nworkspace: shop\n';

/** `line:column code message | hint`, as short as a test can read it. */
export const brief = (diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics.map(
    ({ line, column, code, message, hint }) => `${line}:${column} ${code} ${message} | ${hint}`,
  );

/** The contract whose text goes on after the head; there must be nothing wrong with it. */
export function read(body: string, environment = 'dev', overlay?: string): Contract {
  const sources = [{ file: 'portramp.yaml', text: HEAD + body }];
  if (overlay !== undefined) sources.push({ file: 'portramp.local.yaml', text: overlay });
  const { contract, diagnostics } = parseContract(sources, environment);
  expect(brief(diagnostics)).toEqual([]);
  if (contract === undefined) throw new Error('no contract');
  return contract;
}

/** What is wrong with the contract whose text goes on after the head. */
export const complain = (body: string, environment = 'dev'): string[] =>
  brief(parseContract([{ file: 'portramp.yaml', text: HEAD + body }], environment).diagnostics);
