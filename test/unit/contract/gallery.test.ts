import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { checkContract } from '../../../src/check/check.ts';
import type { Diagnostic } from '../../../src/contract/diagnostic.ts';
import { parseContract } from '../../../src/contract/parse.ts';

const GALLERY = join(import.meta.dirname, '../../../fixtures/contracts');

function findingsOf(path: string): Diagnostic[] {
  const sources = [{ file: path, text: readFileSync(join(GALLERY, path), 'utf8') }];
  const first = parseContract(sources, 'dev');
  const others = first.environments.slice(1).map((environment) => parseContract(sources, environment));
  const inputs = [first, ...others].map(({ contract, partial, diagnostics }) => ({
    contract: contract ?? partial,
    diagnostics,
    envFiles: new Map(),
  }));
  return checkContract(inputs, {});
}

/** What each file is there for: the place, the rule, and words of the hint. */
const BAD: Readonly<Record<string, readonly (readonly [place: string, code: string, hint: RegExp])[]>> = {
  'alias-bomb.yaml': [['1:1', 'PR001', /fewer nested anchors/]],
  'bad-environment.yaml': [['9:9', 'PR001', /did you mean "command"/]],
  'bad-host.yaml': [
    ['7:22', 'PR001', /host: api for api\.STACK\.localhost/],
    ['7:37', 'PR001', /"\*\.api".*api\.dev\.example\.com/],
    ['8:22', 'PR001', /quote this value: "\*\.admin"/],
  ],
  'bad-origin.yaml': [['7:28', 'PR001', /https:\/\/app\.example\.com/]],
  'path-with-query.yaml': [['7:39', 'PR001', /no query/]],
  'path-without-host.yaml': [
    ['7:28', 'PR001', /remove path/],
    ['8:33', 'PR001', /appProtocol: http/],
  ],
  'rewrite-without-path.yaml': [['7:15', 'PR001', /add path/]],
  'bad-name.yaml': [['4:3', 'PR001', /lower-case letters, digits and hyphens/]],
  'bad-version.yaml': [['1:10', 'PR001', /version: 1/]],
  'bare-duration.yaml': [['7:16', 'PR001', /250ms, 10s, 5m or 1h/]],
  'binary.yaml': [['2:4', 'PR001', /UTF-8/]],
  'colliding-variables.yaml': [['13:9', 'PR014', /write A_B_C_PORT into env of d/]],
  'cycle.yaml': [['6:16', 'PR012', /optional: true/]],
  'duplicate-host.yaml': [['10:15', 'PR013', /another host/]],
  'duplicate-key.yaml': [['7:5', 'PR001', /keep one/]],
  'empty.yaml': [['1:1', 'PR001', /version: 1.*workspace: NAME.*services/]],
  'later-key.yaml': [['6:5', 'PR001', /not supported by this version/]],
  'list-at-top.yaml': [['1:1', 'PR001', /workspace: NAME/]],
  'long-host.yaml': [['4:3', 'PR013', /shorten the name/]],
  'malformed-reference.yaml': [['7:12', 'PR026', /\$\$ is a dollar sign/]],
  'never-completes.yaml': [['9:35', 'PR010', /condition: ready/]],
  'nothing-to-run.yaml': [['4:3', 'PR001', /add command/]],
  'only-comments.yaml': [['1:1', 'PR001', /workspace: NAME/]],
  'reference-cycle.yaml': [['6:10', 'PR026', /host and port/]],
  'reserved-host.yaml': [['4:3', 'PR013', /another host/]],
  'reserved-variable.yaml': [['9:9', 'PR014', /DOCKER_HOST/]],
  'shared-depends-on-branch.yaml': [
    ['9:22', 'PR001', /scope: workspace for api too/],
    ['12:13', 'PR001', /url: and cleanup: of db/],
    ['13:16', 'PR001', /keep it out of env/],
    ['14:13', 'PR001', /keep it out of env/],
  ],
  'shared-process.yaml': [
    ['6:5', 'PR001', /run it with Compose, or .*external: 127\.0\.0\.1:PORT/],
    ['7:5', 'PR001', /inside of a container/],
  ],
  'syntax.yaml': [['7:3', 'PR001', /close every \[/]],
  'tabs.yaml': [
    ['4:1', 'PR001', /spaces/],
    ['5:1', 'PR001', /spaces/],
  ],
  'task-with-ports.yaml': [['7:5', 'PR001', /remove ports/]],
  'text-at-top.yaml': [['1:1', 'PR001', /workspace: NAME/]],
  'too-deep.yaml': [['1:1', 'PR001', /close every \[/]],
  'two-documents.yaml': [['5:1', 'PR001', /---/]],
  'two-first-ports.yaml': [['6:5', 'PR001', /primary: true/]],
  'unclosed-quote.yaml': [['6:1', 'PR001', /close the quote/]],
  'unknown-consumes.yaml': [['7:9', 'PR010', /did you mean "database"/]],
  'unknown-in-group.yaml': [['4:18', 'PR010', /did you mean "worker"/]],
  'unknown-key.yaml': [['6:5', 'PR001', /did you mean "consumes"/]],
  'unknown-origin.yaml': [['7:28', 'PR010', /the services are: api, web/]],
  'unknown-port.yaml': [['7:32', 'PR010', /did you mean "grpc"/]],
  'unquoted-glob.yaml': [['5:21', 'PR001', /quote this value: "\*\*\/\*\.ts"/]],
  'unquoted-reference.yaml': [['6:17', 'PR001', /quote this value: "\$\{api\.url\}"/]],
  'unresolved-attribute.yaml': [['7:12', 'PR026', /\$\{api\.publicUrl\}/]],
  'unresolved-reference.yaml': [['7:12', 'PR026', /\$\{api\.url\}/]],
  'unsafe-in-shell.yaml': [['8:14', 'PR026', /env/]],
  'wrong-type.yaml': [['6:15', 'PR001', /consumes: \[db\]/]],
};

describe('bad contracts', () => {
  it('are all described here', () => {
    expect(readdirSync(join(GALLERY, 'bad')).sort()).toEqual(Object.keys(BAD).sort());
  });

  it.each(Object.entries(BAD))('%s', (file, expected) => {
    const findings = findingsOf(join('bad', file));
    expect(findings.map(({ line, column, code }) => [`${line}:${column}`, code])).toEqual(
      expected.map(([place, code]) => [place, code]),
    );
    findings.forEach((finding, index) => {
      expect(finding.severity).toBe('error');
      expect(finding.file).toBe(join('bad', file));
      expect(finding.message).not.toBe('');
      expect(finding.hint).toMatch(expected[index]![2]);
    });
  });
});

describe('good contracts', () => {
  it.each(readdirSync(join(GALLERY, 'good')))('%s', (file) => {
    expect(findingsOf(join('good', file))).toEqual([]);
  });
});

describe('a contract of ten thousand services', () => {
  const text = `version: 1\nworkspace: shop\nservices:\n${Array.from(
    { length: 10_000 },
    (_, index) => `  s${index}: { command: run, consumes: [s${(index + 1) % 10_000}] }\n`,
  ).join('')}`;

  it('is refused, and its one cycle of ten thousand is found', () => {
    const { contract, diagnostics } = parseContract([{ file: 'portramp.yaml', text }], 'dev');
    const findings = checkContract([{ contract, diagnostics, envFiles: new Map() }], {});
    expect(findings.map((finding) => finding.code)).toEqual(['PR009', 'PR012']);
    expect(findings[0]!.message).toContain('10000 port numbers');
  });
});
