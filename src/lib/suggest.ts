import { distance } from 'fastest-levenshtein';

/** Among more names a search for each of many misspelt ones would take seconds. */
const MAX_KNOWN = 1000;

/** The known name that was probably meant, or undefined when none is near (or there are too many to compare). */
export function suggest(name: string, known: Iterable<string>): string | undefined {
  const candidates = [...known];
  if (candidates.length > MAX_KNOWN) return undefined;
  // Two letters that changed places are two steps.
  const limit = name.length < 4 ? 1 : Math.max(2, Math.floor(name.length * 0.4));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    const steps = distance(name.toLowerCase(), candidate.toLowerCase());
    if (steps < bestDistance) {
      best = candidate;
      bestDistance = steps;
    }
  }
  return best;
}
