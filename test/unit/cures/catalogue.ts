/** Every hint that the source can give, as a pattern of what is printed. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

import { LED } from '../../../src/lib/way.ts';

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

/**
 * The hints of the files in these rooms.
 * @param isSaid whether texts count too that say a command of portramp without being called a hint
 */
export function hintsOf(rooms: readonly string[], isSaid = false): Hint[] {
  const files = rooms.flatMap((room) =>
    readdirSync(join(SRC, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(room, file)),
  );
  return files.flatMap((file) => {
    const source = readFileSync(join(SRC, file), 'utf8');
    const found: Hint[] = [];
    visit(parseAst(source, { lang: 'ts' }) as unknown as Node, isSaid, (text) => {
      if (/[a-z]/.test(text) && !found.some((hint) => hint.text === text))
        found.push({ text, file, pattern: patternOf(text) });
    });
    return found;
  });
}

/** Calls the visitor for each text that a hint may be. */
function visit(node: Node, isSaid: boolean, told: (text: string) => void): void {
  if (isManual(node)) return;
  for (const hint of [...hintIn(node), ...(isSaid ? commandIn(node) : [])])
    for (const text of textsOf(hint)) told(text);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, isSaid, told);
  }
}

/** What of a node is a hint: a field or a variable of that name, or the last argument of what builds errors from several. */
function hintIn(node: Node): unknown[] {
  const named = (name: unknown): boolean => isNode(name) && /^(?:hint|.*_HINT|HINT)$/.test(nameOf(name));
  if (node.type === 'Property') return named(node['key']) ? [node['value']] : [];
  if (node.type === 'VariableDeclarator') return named(node['id']) ? [node['init']] : [];
  if (node.type !== 'CallExpression' || !isNode(node['callee'])) return [];
  const list = node['arguments'];
  const isBuilder = BUILDERS.test(nameOf(node['callee']));
  return isBuilder && Array.isArray(list) && list.length > 1 ? list.slice(-1) : [];
}

/** The text itself, where it says a command of portramp. */
const commandIn = (node: Node): Node[] =>
  ['Literal', 'TemplateLiteral'].includes(node.type) && textsOf(node).some((text) => COMMAND.test(text))
    ? [node]
    : [];

/** As it is typed: not "portramp is …". */
const COMMAND = new RegExp(
  String.raw`(?:^|["(]|[:;,] |\bor |&& )portramp (?:${LED.join('|')}|ls|clean|daemon|compose|check|whose)\b`,
);

/** Tells whether a node is part of what --help prints. */
function isManual({ type, callee, key }: Node): boolean {
  if (type === 'Property' && isNode(key) && nameOf(key) === 'example') return true;
  const method =
    type === 'CallExpression' && isNode(callee) && isNode(callee['property'])
      ? callee['property']
      : undefined;
  return method !== undefined && /^(?:addHelpText|option|summary|description)$/.test(nameOf(method));
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
