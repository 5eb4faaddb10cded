import { describe, expect, it } from 'vitest';

import { parseShellTemplate, parseTemplate, referencesIn } from '../../../src/contract/template.ts';

const text = (value: string): object => ({ kind: 'text', text: value });
const reference = (source: string): object => ({
  kind: 'reference',
  path: source.slice(2, -1).split('.'),
  source,
});

describe('a template', () => {
  it.each([
    ['plain', [text('plain')]],
    ['', []],
    ['${db.url}', [reference('${db.url}')]],
    [
      'a${db.pg.port}b${self.host}',
      [text('a'), reference('${db.pg.port}'), text('b'), reference('${self.host}')],
    ],
    ['${workspace}', [reference('${workspace}')]],
    ['${auth-api.port}', [reference('${auth-api.port}')]],
    ['$$', [text('$')]],
    ['$${db.url}', [text('${db.url}')]],
    ['$$${db.url}', [text('$'), reference('${db.url}')]],
    ['$HOME and $', [text('$HOME and $')]],
    ['${VAR}', [{ kind: 'variable', name: 'VAR', source: '${VAR}' }]],
    ['${VAR:-}', [{ kind: 'variable', name: 'VAR', fallback: [], source: '${VAR:-}' }]],
    ['${V:-a.b}', [{ kind: 'variable', name: 'V', fallback: [text('a.b')], source: '${V:-a.b}' }]],
    [
      '${V:-${db.url}}',
      [{ kind: 'variable', name: 'V', fallback: [reference('${db.url}')], source: '${V:-${db.url}}' }],
    ],
  ])('%s', (source, parts) => {
    expect(parseTemplate(source)).toEqual({ parts, malformed: [] });
  });

  it.each(['${}', '${a b}', '${a-b}', '${1}', '${VAR', '${.url}', '${db.}', '${VAR-x}', '${VAR:=x}'])(
    'does not understand %s',
    (source) => {
      expect(parseTemplate(`x${source}`)).toEqual({ parts: [text('x')], malformed: [source] });
    },
  );

  it('does not nest without end', () => {
    const deep = '${A:-'.repeat(5000) + '}'.repeat(5000);
    expect(parseTemplate(deep).malformed).toHaveLength(1);
    const nested = (depth: number): string => '${A:-'.repeat(depth) + '}'.repeat(depth);
    expect(parseTemplate(nested(16)).malformed).toEqual([]);
    expect(parseTemplate(nested(17)).malformed).toEqual(['${A:-}']);
  });
});

it('references are found wherever they stand, beside variables with a default and without one', () => {
  expect(referencesIn('${A}-${B:-x}-${C:-${db.url}}-${api.port}')).toEqual([
    ['db', 'url'],
    ['api', 'port'],
  ]);
});

describe('a shell command', () => {
  it.each([
    '$$',
    '$HOME',
    '${HOME}',
    '${HOME:-x}',
    'echo "a$b" \'$c\' `d` $(e)',
    '\\${db.url}',
    '$${db.url}',
    '${a b}',
    '${workspace}',
  ])('keeps %s byte for byte', (source) => {
    expect(parseShellTemplate(source)).toEqual([text(source)]);
  });

  it('knows references with a dot', () => {
    expect(parseShellTemplate('serve --port ${self.port} --db="${db.url}" $X')).toEqual([
      text('serve --port '),
      reference('${self.port}'),
      text(' --db="'),
      reference('${db.url}'),
      text('" $X'),
    ]);
    expect(parseShellTemplate('\\\\${db.url}')).toEqual([text('\\\\'), reference('${db.url}')]);
  });
});
