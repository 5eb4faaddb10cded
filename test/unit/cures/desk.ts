/** A checkout in which somebody does what a hint says, in the words of an editor. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { isMap, isScalar, isSeq, parse, parseDocument, type Document } from 'yaml';

import { checkContract } from '../../../src/check/check.ts';
import { NO_FACTS } from '../../../src/check/facts/facts.ts';
import { checkWorkspace } from '../../../src/check/workspace.ts';
import type { Diagnostic } from '../../../src/contract/diagnostic.ts';
import { parseContract } from '../../../src/contract/parse.ts';

type Path = readonly (string | number)[];

export const CONTRACT = 'portramp.yaml';

export class Desk {
  /** How many new names and numbers were made up. */
  count = 0;
  readonly #files: Map<string, string>;
  #root: string | undefined;

  constructor(files: Readonly<Record<string, string>>) {
    this.#files = new Map(Object.entries(files));
  }

  /** What `portramp check` finds now. */
  async look(): Promise<Diagnostic[]> {
    const contract = this.read(CONTRACT);
    // What needs no other file is found without one: most cases, and the quickest by far.
    if (this.#root === undefined && this.#files.size === 1 && !/\bdir:|envFile/.test(contract))
      return read(contract);
    const root = (this.#root ??= makeRepository());
    for (const [file, text] of this.#files) write(root, file, text);
    execFileSync('git', ['add', '--all'], { cwd: root });
    const { diagnostics } = await checkWorkspace(root, { today: TODAY });
    return diagnostics.map((each) => ({ ...each, file: relative(root, each.file) }));
  }

  read(file: string): string {
    return this.#files.get(file) ?? '';
  }

  write(file: string, text: string): void {
    this.#files.set(file, text);
  }

  remove(file: string): void {
    this.#files.delete(file);
    if (this.#root !== undefined) rmSync(join(this.#root, file));
  }

  makeFolder(folder: string): void {
    this.write(`${folder}/README.md`, '');
  }

  /** Puts a text in the place of the first match at or behind where the finding points. */
  replace({ file, line, column }: Diagnostic, what: RegExp, by: string): void {
    const text = this.read(file);
    const at = offsetOf(text, line, column);
    this.write(file, text.slice(0, at) + text.slice(at).replace(what, () => by));
  }

  /** Writes `key: value` where the finding points: in place of that key, else beside or below it. */
  put({ file, line, column, message }: Diagnostic, snippet: string): void {
    const entries = Object.entries(parse(snippet) as Record<string, unknown>);
    this.#edit(file, line, column, (document, path) => {
      for (const [key, value] of entries)
        document.setIn(message.startsWith('the contract ') ? [key] : placeFor(document, path, key), value);
    });
  }

  /** Writes a value at a path of the file. */
  set(file: string, path: Path, value: unknown): void {
    this.#edit(file, 1, 1, (document) => document.setIn(path, value));
  }

  /** Removes what the finding points at, or the key of that name there or above. */
  drop({ file, line, column }: Diagnostic, key?: string): void {
    this.#edit(file, line, column, (document, path) => {
      document.deleteIn(key === undefined ? path : placeFor(document, path, key));
    });
  }

  /** The path of what a finding points at. */
  pathOf({ file, line, column }: Diagnostic): Path {
    const text = this.read(file);
    return pathAt(parseDocument(text, { uniqueKeys: false }).contents, offsetOf(text, line, column));
  }

  /** The text of the value that a finding points at. */
  valueAt(found: Diagnostic): string {
    return String(parseDocument(this.read(found.file)).getIn(this.pathOf(found)));
  }

  /** A number that the first range has and nothing claims. */
  freePort(): string {
    const from: unknown = parseDocument(this.read(CONTRACT)).getIn(['ranges', 'dev', 'from']);
    this.count += 1;
    return String((typeof from === 'number' ? from : 20_000) + 60 + this.count);
  }

  close(): void {
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true });
  }

  #edit(file: string, line: number, column: number, edit: (document: Document, path: Path) => void): void {
    const text = this.read(file);
    const document = parseDocument(text, { uniqueKeys: false });
    edit(document, pathAt(document.contents, offsetOf(text, line, column)));
    this.write(file, document.toString());
  }
}

const TODAY = '2027-01-01';

/** What is found in a contract that stands alone. */
function read(text: string): Diagnostic[] {
  const sources = [{ file: CONTRACT, text }];
  const first = parseContract(sources, 'dev');
  const others = first.environments.slice(1).map((environment) => parseContract(sources, environment));
  const inputs = [first, ...others].map(({ contract, partial, diagnostics }) => ({
    contract: contract ?? partial,
    diagnostics,
    envFiles: new Map<string, never>(),
  }));
  return checkContract(inputs, {}, { ...NO_FACTS, today: TODAY });
}

function makeRepository(): string {
  const root = mkdtempSync(join(tmpdir(), 'portramp-desk-'));
  execFileSync('git', ['init', '--quiet'], { cwd: root });
  return root;
}

function write(root: string, file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

function offsetOf(text: string, line: number, column: number): number {
  const lines = text.split('\n').slice(0, line - 1);
  return lines.reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
}

/** The path of the key or value at an offset. */
function pathAt(node: unknown, offset: number): Path {
  const holds = (range: unknown): boolean =>
    Array.isArray(range) && Number(range[0]) <= offset && offset <= Number(range[1]);
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const isHere = holds(key.range);
      const inside = typeof value === 'object' && value !== null && 'range' in value && holds(value.range);
      if (isHere || inside) return [String(key.value), ...(isHere ? [] : pathAt(value, offset))];
    }
  }
  if (isSeq(node)) {
    const index = node.items.findIndex(
      (item) => typeof item === 'object' && item !== null && 'range' in item && holds(item.range),
    );
    if (index !== -1) return [index, ...pathAt(node.items[index], offset)];
  }
  return [];
}

/** Where a key is meant: where it stands at or above a path, else below the path, else beside it. */
function placeFor(document: Document, path: Path, key: string): Path {
  for (let length = path.length; length > 0; length -= 1) {
    if (path[length - 1] === key) return path.slice(0, length);
  }
  for (let length = path.length; length >= Math.max(0, path.length - 3); length -= 1) {
    const above = path.slice(0, length);
    if (isMap(document.getIn(above, true)) && document.hasIn([...above, key])) return [...above, key];
  }
  const below = isMap(nodeAt(document, path)) ? path : path.slice(0, -1);
  return [...below, key];
}

const nodeAt = (document: Document, path: Path): unknown =>
  path.length === 0 ? document.contents : document.getIn(path, true);
