/** Every hint that the source can give, as a pattern of what is printed. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

const SRC = join(import.meta.dirname, '../../../src');

export interface Hint {
  /** As the source writes it: `write ${name}: false`. */
  readonly text: string;
  readonly file: string;
  readonly pattern: RegExp;
}

interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** The hints of the files in these rooms. */
export function hintsOf(rooms: readonly string[]): Hint[] {
  const files = rooms.flatMap((room) =>
    readdirSync(join(SRC, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(room, file)),
  );
  return files.flatMap((file) => {
    const source = readFileSync(join(SRC, file), 'utf8');
    const found: Hint[] = [];
    visit(parseAst(source, { lang: 'ts' }) as unknown as Node, (text) => {
      if (!found.some((hint) => hint.text === text)) found.push({ text, file, pattern: patternOf(text) });
    });
    return found;
  });
}

/** Calls the visitor for each text that a hint may be. */
function visit(node: Node, told: (text: string) => void): void {
  for (const hint of hintIn(node)) for (const text of textsOf(hint)) told(text);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, told);
  }
}

/** What of a node is a hint: a field or a variable of that name, or the last argument of what builds errors. */
function hintIn(node: Node): unknown[] {
  const named = (name: unknown): boolean => isNode(name) && /^(?:hint|.*_HINT|HINT)$/.test(nameOf(name));
  if (node.type === 'Property') return named(node['key']) ? [node['value']] : [];
  if (node.type === 'VariableDeclarator') return named(node['id']) ? [node['init']] : [];
  if (node.type !== 'CallExpression' || !isNode(node['callee'])) return [];
  const list = node['arguments'];
  return Array.isArray(list) && BUILDERS.test(nameOf(node['callee'])) ? list.slice(-1) : [];
}

const BUILDERS = /^(?:say|report|fail)$/;

const nameOf = (node: Node): string => (typeof node['name'] === 'string' ? node['name'] : '');

/** The texts that an expression may be; what stands in `${…}` is `…`. */
function textsOf(value: unknown): string[] {
  if (!isNode(value)) return [];
  if (value.type === 'Literal') return typeof value['value'] === 'string' ? [value['value']] : [];
  if (value.type === 'TemplateLiteral') {
    const quasis = value['quasis'] as readonly { readonly value: { readonly cooked: string } }[];
    return [quasis.map((part) => part.value.cooked).join('…')];
  }
  if (value.type === 'ConditionalExpression')
    return [...textsOf(value['consequent']), ...textsOf(value['alternate'])];
  if (value.type === 'LogicalExpression') return [...textsOf(value['left']), ...textsOf(value['right'])];
  return [];
}

const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join('[^]*')}$`,
  );
