import * as fc from 'fast-check';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { checkContract } from '../../src/check/check.ts';
import { parseContract } from '../../src/contract/parse.ts';
import { parseShellTemplate, parseTemplate, type Part } from '../../src/contract/template.ts';

const GALLERY = join(import.meta.dirname, '../../fixtures/contracts');
const samples = ['good', 'bad']
  .flatMap((folder) => readdirSync(join(GALLERY, folder)).map((file) => join(GALLERY, folder, file)))
  .filter((file) => !/alias-bomb|too-deep/.test(file))
  .map((file) => readFileSync(file, 'utf8'));

/** A contract with a piece of it replaced by something else. */
const mutations = fc
  .record({
    text: fc.constantFrom(...samples),
    from: fc.nat(2000),
    length: fc.nat(12),
    piece: fc.oneof(
      fc.constantFrom(
        '{',
        '[',
        '"',
        '${',
        '&a ',
        '*a',
        ': ',
        '- ',
        '\n',
        '\t',
        'null',
        '1',
        '<<: *a',
        '---\n',
        '#',
        '!!',
      ),
      fc.string(),
    ),
  })
  .map(({ text, from, length, piece }) => text.slice(0, from) + piece + text.slice(from + length));

it('any text is a contract or has findings with a place and a hint', () => {
  fc.assert(
    fc.property(fc.oneof(mutations, fc.string({ unit: 'binary' })), (text) => {
      const { contract, partial, diagnostics } = parseContract([{ file: 'f', text }], 'dev');
      expect(contract !== undefined || diagnostics.some((each) => each.severity === 'error')).toBe(true);
      const known = contract ?? partial;
      for (const finding of checkContract([{ contract: known, diagnostics, envFiles: new Map() }], {})) {
        expect(finding.line).toBeGreaterThan(0);
        expect(finding.column).toBeGreaterThan(0);
        expect(finding.message).not.toBe('');
        expect(finding.hint).not.toBe('');
        expect(finding.hint).toBeDefined();
      }
    }),
    { numRuns: 300 },
  );
});

const sourceOf = (parts: readonly Part[]): string =>
  parts.map((part) => (part.kind === 'text' ? part.text : part.source)).join('');

it('a shell command is never changed but in its references', () => {
  const pieces = fc.array(
    fc.oneof(fc.constantFrom('$', '$$', '${', '}', '\\', 'a.b', '${a.b}', "'", '"'), fc.string()),
  );
  fc.assert(
    fc.property(pieces, (words) => {
      const command = words.join('');
      expect(sourceOf(parseShellTemplate(command))).toBe(command);
    }),
  );
});

it('text without a dollar sign is a template of itself', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const plain = text.replaceAll('$', '');
      expect(sourceOf(parseTemplate(plain).parts)).toBe(plain);
    }),
  );
});
