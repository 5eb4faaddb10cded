/** Reads the certificates of authorities that the contract names (`tls.ca`). Bad input is a diagnostic. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Contract } from './contract.ts';
import { sortDiagnostics, type Diagnostic } from './diagnostic.ts';
import { describeFailure } from './failure.ts';

/** PEM texts by their paths as the contract has them. */
export type Certificates = ReadonlyMap<string, string>;

/** Where the files are, as the contract has them: relative to its folder. */
export const certificatePaths = (contract: Contract): string[] => [
  ...new Set(
    [...contract.services.values()].flatMap((service) =>
      service.kind === 'external' && service.tls?.ca !== undefined ? [service.tls.ca] : [],
    ),
  ),
];

/** Reads every file once. What cannot be used is an error where the contract names it. */
export async function loadCertificates(
  root: string,
  contract: Contract,
): Promise<{ values: Certificates; diagnostics: Diagnostic[] }> {
  const values = new Map<string, string>();
  const failures = new Map<string, string>();
  for (const path of certificatePaths(contract)) {
    const text = await readFile(resolve(root, path), 'latin1').catch((error: unknown) => {
      failures.set(path, describeFailure(error));
      return undefined;
    });
    if (text?.includes('-----BEGIN CERTIFICATE-----') === true) values.set(path, text);
    else if (text !== undefined) failures.set(path, 'holds no certificate in PEM form');
  }
  const diagnostics = [...contract.services.values()].flatMap((service): Diagnostic[] => {
    const ca = service.kind === 'external' ? service.tls?.ca : undefined;
    const failure = ca === undefined ? undefined : failures.get(ca);
    if (ca === undefined || failure === undefined) return [];
    const at = contract.locate(['services', service.name, 'tls', 'ca']);
    const hint =
      'name the file of the authority: for mkcert, rootCA.pem in the folder that "mkcert -CAROOT" prints';
    return [{ code: 'PR001', severity: 'error', message: `the file ${ca} ${failure}`, hint, ...at }];
  });
  return { values, diagnostics: sortDiagnostics(diagnostics) };
}
