import { isAbsolute } from 'node:path';

import type { Diagnostic } from '../../contract/diagnostic.ts';
import { RULES } from '../rules/rules.ts';
import type { ReportOptions } from '../report.ts';
import { shorten } from './shorten.ts';

/** SARIF 2.1.0 (OASIS): one run, every rule described, paths relative to the root of the sources. */
export function renderSarif(diagnostics: readonly Diagnostic[], { root }: ReportOptions): string {
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'portramp',
            informationUri: 'https://portramp.dev',
            rules: RULES.map(describeRule),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: diagnostics.map((diagnostic) => describeResult(diagnostic, root)),
      },
    ],
  };
  return JSON.stringify(log, null, 2);
}

const describeRule = ({ id, severity, title, reasoning }: (typeof RULES)[number]) => ({
  id,
  shortDescription: { text: title },
  fullDescription: { text: reasoning },
  help: { text: reasoning },
  defaultConfiguration: { level: severity },
});

function describeResult({ code, severity, message, hint, file, line, column }: Diagnostic, root: string) {
  const path = shorten(file, root);
  const uri = path.split('/').map(encodeURIComponent).join('/');
  return {
    ruleId: code,
    ruleIndex: RULES.findIndex((rule) => rule.id === code),
    level: severity,
    message: { text: hint === undefined ? message : `${message}\nhint: ${hint}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: isAbsolute(path) ? { uri: `file://${uri}` } : { uri, uriBaseId: '%SRCROOT%' },
          region: { startLine: line, startColumn: column },
        },
      },
    ],
  };
}
