/** YAML 1.2 (and so JSON) to a tree with positions. Warnings are errors; every error comes with a hint. */
import { Composer, LineCounter, Parser, type YAMLError } from 'yaml';

import type { Diagnostic, Position } from './diagnostic.ts';
import type { Tree } from './tree.ts';
import { isTooDeep } from './yaml-depth.ts';
import { explainYamlError } from './yaml-hints.ts';
import { readDocument } from './yaml-tree.ts';

export interface Source {
  /** Path for messages. */
  readonly file: string;
  readonly text: string;
}

export interface YamlResult {
  /** Absent when the file holds nothing, or not YAML. */
  readonly tree?: Tree;
  readonly diagnostics: Diagnostic[];
}

// Control characters are no text in YAML (YAML 1.2.2 §5.1), tab and line ends apart.
const CONTROL = /(?![\t\n\r])\p{Cc}/u;

export interface YamlOptions {
  /** For files of other programs: tags of theirs, and what the parser merely warns about, are no errors. */
  readonly foreign?: boolean;
  /** Tags of other programs that are known: the tree keeps them. */
  readonly tags?: readonly string[];
}

export function readYaml(source: Source, options: YamlOptions = {}): YamlResult {
  const { trees, diagnostics, second } = readDocuments(source, options);
  if (second !== undefined) {
    const message = 'this file holds several YAML documents';
    return fail(second, message, 'keep one, and remove the "---" before the others');
  }
  const [tree] = trees;
  return tree === undefined ? { diagnostics } : { tree, diagnostics };
}

export interface YamlDocuments {
  /** In the order of the file; empty ones are left out. */
  readonly trees: readonly Tree[];
  readonly diagnostics: Diagnostic[];
}

/** Reads every document of the file, for programs that take them all. */
export const readYamlDocuments = (source: Source, options: YamlOptions = {}): YamlDocuments =>
  readDocuments(source, options);

function readDocuments(source: Source, options: YamlOptions): YamlDocuments & { readonly second?: Position } {
  const { file } = source;
  const text = source.text.replace(/^\uFEFF/, '');
  const none = ({ diagnostics }: YamlResult): YamlDocuments => ({ trees: [], diagnostics });
  const control = CONTROL.exec(text);
  if (control !== null) {
    const message = 'this is not a text file: it holds control characters';
    return none(fail(placeOf(text, control.index, file), message, 'the contract is YAML or JSON in UTF-8'));
  }
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  if (isTooDeep(tokens)) {
    return none(fail({ file, line: 1, column: 1 }, 'this file is nested too deeply', 'close every [ and {'));
  }
  // Duplicate keys are found while the tree is built: the composer's own search is quadratic.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: 'silent' });
  const documents = [...composer.compose(tokens)];
  const results = documents.map((document): YamlResult => {
    const isKnown = ({ message }: YAMLError): boolean =>
      (options.tags ?? []).some((tag) => message === `Unresolved tag: ${tag}`);
    const warnings = options.foreign ? [] : document.warnings.filter((warning) => !isKnown(warning));
    const trouble = [...document.errors, ...warnings];
    const syntax = explainErrors(trouble, text, at);
    return syntax.length > 0 ? { diagnostics: syntax } : readDocument(document, at, options.tags);
  });
  const [, second] = documents;
  return {
    trees: results.flatMap(({ tree }) => tree ?? []),
    diagnostics: results.flatMap(({ diagnostics }) => diagnostics),
    ...(second === undefined ? {} : { second: at(second.range[0]) }),
  };
}

/** One mistake makes the parser stumble several times: its first complaint in a line is the one that helps. */
function explainErrors(
  errors: readonly YAMLError[],
  text: string,
  at: (offset: number) => Position,
): Diagnostic[] {
  const found = new Map<number, Diagnostic>();
  for (const error of errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const isAftermath = error.code === 'UNEXPECTED_TOKEN' && error.message.includes('in YAML stream');
    if (isAftermath && found.size > 0) continue;
    const { offset, message, hint } = explainYamlError(error, text);
    const place = at(offset);
    if (!found.has(place.line)) {
      found.set(place.line, { code: 'PR001', severity: 'error', message, hint, ...place });
    }
  }
  return [...found.values()];
}

const fail = (at: Position, message: string, hint: string): YamlResult => ({
  diagnostics: [{ code: 'PR001', severity: 'error', message, hint, ...at }],
});

function placeOf(text: string, offset: number, file: string): Position {
  const before = text.slice(0, offset).split('\n');
  return { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
