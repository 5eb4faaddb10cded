/** Small changes to a program, one at a time, each of which a test should notice. Pure. */
import { parseAst } from 'rolldown/parseAst';

export interface Mutation {
  /** Where in the text, and what stands there in the mutant. */
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly line: number;
  readonly kind: Kind;
}

export type Kind =
  'operator' | 'one side' | 'guard' | 'negation' | 'boolean' | 'number' | 'statement' | 'throw' | 'catch';

/** A node of the tree as ESTree has it; what else it has depends on its type. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

const OPERATORS: ReadonlyMap<unknown, string> = new Map([
  ['<', '<='],
  ['<=', '<'],
  ['>', '>='],
  ['>=', '>'],
  ['===', '!=='],
  ['!==', '==='],
  ['+', '-'],
  ['-', '+'],
  ['*', '/'],
  ['/', '*'],
  ['%', '*'],
  ['&&', '||'],
  ['||', '&&'],
  ['??', '&&'],
]);

/** Finds every mutation of a TypeScript module, in the order of the text. */
export function findMutations(text: string): Mutation[] {
  const found: Mutation[] = [];
  const lines = lineStartsOf(text);
  const add = (kind: Kind, { start, end }: Pick<Node, 'start' | 'end'>, replacement: string): void => {
    found.push({ start, end, replacement, kind, line: lines.findLastIndex((at) => at <= start) + 1 });
  };
  visit(asNode(parseAst(text, { lang: 'ts' })), (node) => mutate(node, text, add));
  return found.sort((left, right) => left.start - right.start || left.end - right.end);
}

/** Makes the mutant's text. */
export const applyMutation = (text: string, { start, end, replacement }: Mutation): string =>
  text.slice(0, start) + replacement + text.slice(end);

type Add = (kind: Kind, where: Pick<Node, 'start' | 'end'>, replacement: string) => void;

function mutate(node: Node, text: string, add: Add): void {
  const textOf = ({ start, end }: Node): string => text.slice(start, end);
  switch (node.type) {
    case 'BinaryExpression':
    case 'LogicalExpression': {
      const [left, right] = [asNode(node['left']), asNode(node['right'])];
      const other = OPERATORS.get(node['operator']);
      // A text that is put together is a message more often than not.
      if (other === undefined || [left, right].some(isText)) return;
      add('operator', node, `(${textOf(left)} ${other} ${textOf(right)})`);
      if (node.type === 'LogicalExpression')
        for (const side of [left, right]) add('one side', node, `(${textOf(side)})`);
      return;
    }
    case 'IfStatement':
    case 'ConditionalExpression': {
      const test = asNode(node['test']);
      add('guard', test, `(false && (${textOf(test)}))`);
      add('guard', test, `(true || (${textOf(test)}))`);
      return;
    }
    case 'UnaryExpression':
      if (node['operator'] === '!') add('negation', node, `(${textOf(asNode(node['argument']))})`);
      return;
    case 'Literal':
      if (typeof node['value'] === 'boolean') add('boolean', node, String(!node['value']));
      if (typeof node['value'] === 'number')
        add('number', node, String(node['value'] === 0 ? 1 : node['value'] * 8));
      return;
    case 'ExpressionStatement':
      add('statement', node, ';');
      return;
    case 'ThrowStatement':
      add('throw', node, ';');
      return;
    case 'CatchClause': {
      const body = asNode(node['body']);
      if (Array.isArray(body['body']) && body['body'].length > 0) add('catch', body, '{}');
    }
  }
}

const isText = ({ type, value }: Node): boolean =>
  type === 'TemplateLiteral' || (type === 'Literal' && typeof value === 'string');

/** Calls back for every node but those of types, which no program runs. */
function visit(node: Node, look: (node: Node) => void): void {
  if (node.type.startsWith('TS') && !/^TS(As|NonNull|Satisfies)/.test(node.type)) return;
  look(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, look);
  }
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

function asNode(value: unknown): Node {
  if (!isNode(value)) throw new TypeError('not a node of a syntax tree');
  return value;
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
