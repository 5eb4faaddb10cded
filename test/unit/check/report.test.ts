import sarifSchema from '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json' with { type: 'json' };
import ajvDraft04 from 'ajv-draft-04';
import ajvFormats from 'ajv-formats';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';

import { renderDiagnostics, type Format } from '../../../src/check/report.ts';
import { RULES } from '../../../src/check/rules/rules.ts';
import type { Diagnostic } from '../../../src/contract/diagnostic.ts';

const nasty = 'a "b" <c> & %0A ::error::\r\n\u0007 ümlaut, x:y ]]>';
const findings: Diagnostic[] = [
  {
    code: 'PR001',
    severity: 'error',
    message: nasty,
    hint: nasty,
    file: '/w/a b/ü#?.yaml',
    line: 3,
    column: 7,
  },
  { code: 'PR021', severity: 'note', message: 'note', file: '/elsewhere/x.ts', line: 1, column: 1 },
  {
    code: 'PR008',
    severity: 'warning',
    message: 'warning',
    hint: 'hint',
    file: '/w/portramp.yaml',
    line: 9,
    column: 2,
  },
  {
    code: 'PR001',
    severity: 'error',
    message: 'second',
    hint: 'h',
    file: '/w/portramp.yaml',
    line: 4,
    column: 1,
  },
];
const render = (format: Format, list = findings): string =>
  renderDiagnostics(list, { format, root: '/w', color: false });

describe('SARIF', () => {
  // The schema has a pattern that is none in Unicode mode.
  const ajv = new ajvDraft04.default({ strict: false, allErrors: true, unicodeRegExp: false });
  ajvFormats.default(ajv);
  const validate = ajv.compile(sarifSchema);

  it.each([
    ['findings', findings],
    ['no findings', []],
  ])('of %s is valid by the published schema', (_, list) => {
    const log: unknown = JSON.parse(render('sarif', list));
    validate(log);
    expect(validate.errors).toBe(null);
  });

  it('would not be valid with a wrong level', () => {
    expect(validate(JSON.parse(render('sarif').replace('"level": "note"', '"level": "notice"')))).toBe(false);
  });

  it('describes every rule and points at it, at the place, below the root', () => {
    const log = JSON.parse(render('sarif')) as {
      runs: [{ tool: { driver: { rules: { id: string }[] } }; results: Record<string, unknown>[] }];
    };
    const [{ tool, results }] = log.runs;
    expect(tool.driver.rules.map((rule) => rule.id)).toEqual(RULES.map((rule) => rule.id));
    expect(results[0]).toMatchObject({
      ruleId: 'PR001',
      ruleIndex: 0,
      level: 'error',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'a%20b/%C3%BC%23%3F.yaml', uriBaseId: '%SRCROOT%' },
            region: { startLine: 3, startColumn: 7 },
          },
        },
      ],
    });
    expect(results[1]).toMatchObject({
      ruleIndex: RULES.findIndex((rule) => rule.id === 'PR021'),
      locations: [{ physicalLocation: { artifactLocation: { uri: 'file:///elsewhere/x.ts' } } }],
    });
  });
});

describe('annotations of GitHub', () => {
  it('are one line each, whatever the text', () => {
    const [first, second, third, ...rest] = render('github').split('\n');
    expect(first).toBe(
      '::error file=a b/ü#?.yaml,line=3,col=7,title=PR001::a "b" <c> & %250A ::error::%0D%0A\u0007 ümlaut, x:y ]]>%0Aa "b" <c> & %250A ::error::%0D%0A\u0007 ümlaut, x:y ]]>',
    );
    expect(second).toBe('::notice file=/elsewhere/x.ts,line=1,col=1,title=PR021::note');
    expect(third).toBe('::warning file=portramp.yaml,line=9,col=2,title=PR008::warning%0Ahint');
    expect(rest).toHaveLength(1);
  });

  it('cannot be forged by the name of a file', () => {
    const [finding] = findings;
    const file = '/w/a,line=9::x\n::error::y';
    expect(render('github', [{ ...finding!, file, message: 'm', hint: undefined }])).toBe(
      '::error file=a%2Cline=9%3A%3Ax%0A%3A%3Aerror%3A%3Ay,line=3,col=7,title=PR001::m',
    );
  });

  it('are nothing where nothing was found', () => {
    expect(render('github', [])).toBe('');
  });
});

describe('JUnit', () => {
  interface Case {
    readonly '@_name': string;
    readonly failure?: { readonly '#text': string; readonly '@_message': string };
    readonly 'system-out'?: string;
  }
  const parse = (text: string) => {
    expect(XMLValidator.validate(text)).toBe(true);
    const parser = new XMLParser({ ignoreAttributes: false, isArray: (name) => name === 'testcase' });
    const { testsuites } = parser.parse(text) as {
      testsuites: { '@_failures': string; testsuite: { '@_tests': string; testcase: Case[] } };
    };
    return testsuites;
  };

  it('has a test case for each rule, and fails where there are errors', () => {
    const { testsuite, '@_failures': failures } = parse(render('junit'));
    expect(failures).toBe('1');
    expect(testsuite.testcase).toHaveLength(RULES.length);
    expect(testsuite['@_tests']).toBe(String(RULES.length));
    const [schema] = testsuite.testcase;
    expect(schema?.['@_name']).toMatch(/^PR001 /);
    expect(schema?.failure?.['#text']).toContain('a "b" <c> & %0A ::error::');
    expect(schema?.failure?.['#text']).toContain('portramp.yaml:4:1 error PR001 second');
    expect(schema?.failure?.['@_message']).toContain('\uFFFD ümlaut');
    const warned = testsuite.testcase.find((each) => each['@_name'].startsWith('PR008'));
    expect(warned).toMatchObject({ 'system-out': expect.stringContaining('PR008 warning') as string });
    expect(warned?.failure).toBe(undefined);
  });

  it('is green where nothing was found', () => {
    expect(parse(render('junit', []))['@_failures']).toBe('0');
  });
});
