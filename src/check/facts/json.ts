/** JSON with comments and trailing commas, with positions: what `devcontainer.json`, `turbo.json` and editors write. */
import { parse, type DocumentNode, type ValueNode } from '@humanwhocodes/momoa';

import type { Position } from '../../contract/diagnostic.ts';
import type { Source } from '../../contract/yaml.ts';

export type Json = ValueNode;

/** Undefined for text that is not JSON: to say so is its own tool's business. */
export function readJson({ text }: Source): Json | undefined {
  try {
    const options = { mode: 'jsonc', allowTrailingCommas: true } as const;
    const document: DocumentNode = parse(text.replace(/^\uFEFF/, ''), options);
    return document.body;
  } catch {
    return undefined;
  }
}

export function member(node: Json | undefined, name: string): Json | undefined {
  return membersOf(node).find(([key]) => key === name)?.[1];
}

export function membersOf(node: Json | undefined): [string, Json][] {
  if (node?.type !== 'Object') return [];
  return node.members.map(({ name, value }) => [name.type === 'String' ? name.value : name.name, value]);
}

export const itemsOf = (node: Json | undefined): Json[] =>
  node?.type === 'Array' ? node.elements.map((element) => element.value) : [];

export const textOf = (node: Json | undefined): string | undefined =>
  node?.type === 'String' ? node.value : undefined;

export const textsOf = (node: Json | undefined): string[] =>
  itemsOf(node).flatMap((item) => textOf(item) ?? []);

export const placeOf = (node: Json, file: string): Position => ({
  file,
  line: node.loc.start.line,
  column: node.loc.start.column,
});
