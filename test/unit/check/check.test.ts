import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { renderDiagnostics } from '../../../src/check/report.ts';
import { checkWorkspace } from '../../../src/check/workspace.ts';
import type { Diagnostic } from '../../../src/contract/diagnostic.ts';

async function check(text: string, ambient: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'portramp-check-'));
  try {
    await writeFile(join(root, 'portramp.yaml'), text);
    await writeFile(join(root, 'portramp.local.yaml'), 'this is: [not read\n');
    const { diagnostics: findings } = await checkWorkspace(root, { ambient });
    return findings.map(({ line, column, code, severity }) => `${line}:${column} ${code} ${severity}`);
  } finally {
    await rm(root, { recursive: true });
  }
}

describe('checking a workspace', () => {
  it('finds everything at once: schema, folders, plan and references, in every environment', async () => {
    const findings = await check(
      [
        'version: 1',
        'workspace: shop',
        'services:',
        '  a:',
        '    command: x',
        '    watsh: 1',
        '    dir: nowhere',
        '    consumes: [b, nobody]',
        '    env: { X: "${V}" }',
        '  b:',
        '    command: x',
        '    consumes: [a]',
        '    env:',
        '      Y: ${a.prot}',
        'environments:',
        '  test:',
        '    services:',
        '      b:',
        '        stop: { timeout: 5 }',
        '        env: { Y: "${a.hots}" }',
      ].join('\n'),
    );
    expect(findings).toEqual([
      '6:5 PR001 error',
      '7:10 PR001 error',
      '8:16 PR012 error',
      '8:19 PR010 error',
      '9:15 PR026 note',
      '14:10 PR026 error',
      '19:26 PR001 error',
      '20:19 PR026 error',
    ]);
  });

  it('has nothing to say about a good one', async () => {
    const text =
      'version: 1\nworkspace: shop\nservices: { a: { command: x, envFile: [.env], env: { X: "${V}" } } }\n';
    expect(await check(text, { V: '1' })).toEqual(['3:40 PR001 note']);
    expect(await check(text)).toEqual(['3:40 PR001 note', '3:57 PR026 note']);
  });
});

describe('a report', () => {
  const finding: Diagnostic = {
    code: 'PR001',
    severity: 'error',
    message: 'unknown key "x"',
    hint: 'did you mean "y"?',
    file: '/home/me/shop/portramp.yaml',
    line: 12,
    column: 7,
  };

  it('is text for people', () => {
    const text = renderDiagnostics(
      [finding, { ...finding, severity: 'note', hint: undefined, file: '/etc/x.yaml' }],
      {
        format: 'text',
        root: '/home/me/shop',
        color: false,
      },
    );
    expect(text).toBe(
      'portramp.yaml:12:7 error PR001 unknown key "x"\n  hint: did you mean "y"?\n/etc/x.yaml:12:7 note PR001 unknown key "x"',
    );
  });

  it('has colours where there is a terminal', () => {
    const text = renderDiagnostics([finding], { format: 'text', root: '/', color: true });
    expect(text).toContain('\u001B[31merror\u001B[39m');
  });

  it('is JSON for programs', () => {
    const { file: _, ...rest } = finding;
    expect(
      JSON.parse(renderDiagnostics([finding], { format: 'json', root: '/home/me/shop', color: true })),
    ).toEqual({
      version: 1,
      diagnostics: [{ ...rest, file: 'portramp.yaml' }],
    });
    expect(JSON.parse(renderDiagnostics([], { format: 'json', root: '/', color: false }))).toEqual({
      version: 1,
      diagnostics: [],
    });
  });
});
