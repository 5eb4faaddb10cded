import type { Diagnostic } from '../../contract/diagnostic.ts';
import { RULES } from '../rules/rules.ts';
import type { ReportOptions } from '../report.ts';
import { renderText } from './text.ts';

/** One test case a rule: it fails where the rule found errors, and prints what else it found. */
export function renderJunit(diagnostics: readonly Diagnostic[], options: ReportOptions): string {
  const text = (found: readonly Diagnostic[]): string =>
    escapeXml(renderText(found, { ...options, color: false }));
  const cases = RULES.map(({ id, title }) => {
    const found = diagnostics.filter((diagnostic) => diagnostic.code === id);
    const errors = found.filter((diagnostic) => diagnostic.severity === 'error');
    const others = found.filter((diagnostic) => diagnostic.severity !== 'error');
    const [first] = errors;
    const failure =
      first === undefined
        ? ''
        : `\n      <failure message="${escapeXml(first.message)}" type="${id}">${text(errors)}</failure>`;
    const output = others.length === 0 ? '' : `\n      <system-out>${text(others)}</system-out>`;
    const body = failure + output;
    const head = `    <testcase classname="portramp.check" name="${escapeXml(`${id} ${title}`)}" time="0"`;
    return {
      xml: body === '' ? `${head}/>` : `${head}>${body}\n    </testcase>`,
      failed: first !== undefined,
    };
  });
  const counts = `tests="${cases.length}" failures="${cases.filter((each) => each.failed).length}" errors="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="portramp check" ${counts}>`,
    `  <testsuite name="portramp check" ${counts} skipped="0" time="0">`,
    ...cases.map((each) => each.xml),
    '  </testsuite>',
    '</testsuites>',
  ].join('\n');
}

/** XML 1.0 §2.2: control characters have no place in a document, not even escaped. */
const escapeXml = (text: string): string =>
  text
    .replace(/(?![\t\n\r])\p{Cc}|[\uFFFE\uFFFF]|\p{Cs}/gu, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
