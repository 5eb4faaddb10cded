/**
 * What a pattern of files may cost. Matching tries the ways in which a pattern can be laid over a path one after the
 * other; most patterns have a few, but some have more than anybody can wait for, and matching holds the event loop.
 * Pure.
 */

/** More ways than this could take longer than a second, with a path made for it. */
const MOST = 1_500_000;

/** How many ways another star, or another repeated group, in one segment of a path adds at most: the length of a name. */
const STAR = 128;

/** The same for `**` and the depth of a path. */
const GLOBSTAR = 64;

/** Says whether a path can be matched against the pattern in a time that nobody notices. */
export const isBounded = (glob: string): boolean => costOf(glob) <= MOST;

/** Estimates the ways from above. */
export function costOf(glob: string): number {
  const plain = glob.replace(/\\./gs, 'x').replace(/\[[^\]/]*\]/g, '?');
  if (hasWildRepeat(plain)) return Infinity;
  // Each alternative, and each `?(…)`, may be taken or not.
  const alternatives = plain.match(/[,|]|\?\(/g)?.length ?? 0;
  const segments = plain.split('/');
  const globstars = segments.filter((segment) => segment.includes('**')).length;
  const extraStars = segments.reduce((sum, segment) => {
    const stars = segment.replace(/\*{2,}/g, '*').match(/\*|[+!]\(/g)?.length ?? 0;
    return sum + Math.max(0, stars - 1);
  }, 0);
  return GLOBSTAR ** globstars * STAR ** extraStars * 2 ** alternatives;
}

/** `+(…)`, `*(…)` and `!(…)` around what itself has several lengths: the ways double with each letter of a path. */
function hasWildRepeat(glob: string): boolean {
  for (const { index } of glob.matchAll(/[+*!]\(/g)) {
    const inside = insideOf(glob, index + 2);
    if (/[*?+(]/.test(inside)) return true;
  }
  return false;
}

/** The text from a place to the parenthesis that closes it, or to the end. */
function insideOf(text: string, from: number): string {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return text.slice(from, at);
  }
  return text.slice(from);
}
