/** A program that tells which places of mutants are reached: only a test that comes by can notice one. Pure. */
import { parseAst } from 'rolldown/parseAst';

import type { Mutation } from './mutations.ts';
import { MARK } from './mark.ts';

interface Insertion {
  readonly at: number;
  readonly text: string;
  /** Of those at one place: the end of what is within comes first, then the begin of what is around. */
  readonly order: readonly [number, number];
}

/**
 * Writes a program that does the same and tells each time that it comes by the place of a mutation.
 * @param marked the mutations with the numbers of their marks
 * @returns undefined where a mark cannot stand in such a place (the key of an object)
 */
export function markPlaces(
  text: string,
  marked: readonly (readonly [number, Mutation])[],
): string | undefined {
  const insertions = marked
    .flatMap(([mark, mutation]) => insertionsOf(`globalThis.${MARK}?.(${mark})`, mutation))
    .toSorted((a, b) => a.at - b.at || a.order[0] - b.order[0] || a.order[1] - b.order[1]);
  let result = '';
  let from = 0;
  for (const { at, text: inserted } of insertions) {
    result += text.slice(from, at) + inserted;
    from = at;
  }
  result += text.slice(from);
  try {
    parseAst(result, { lang: 'ts' });
    return result;
  } catch {
    return undefined;
  }
}

function insertionsOf(call: string, { kind, start, end }: Mutation): Insertion[] {
  if (kind === 'catch') return [{ at: start + 1, text: ` ${call};`, order: [2, 0] }];
  const isStatement = kind === 'statement' || kind === 'throw';
  return [
    { at: start, text: isStatement ? `{ ${call}; ` : `(${call}, `, order: [1, -end] },
    { at: end, text: isStatement ? ' }' : ')', order: [0, -start] },
  ];
}
