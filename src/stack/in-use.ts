/**
 * Reads in the last lines of a program whether it ended because a port was in use, and which. What a log says decides
 * nothing: whoever asks looks at the numbers afterwards. Pure.
 */
import { stripVTControlCharacters } from 'node:util';

/** EADDRINUSE (POSIX) as programs print it: by its name, by its text, or in words of their own. */
const IN_USE =
  /EADDRINUSE|address (?:is )?already in use|connection in use|only one usage of each socket address|port \d+ (?:is|was) (?:already |currently )?(?:in use|used|taken|occupied|allocated)|port \d+ is not available/i;

/** Words of a dev server that takes another port instead: it ended for another reason. */
const GOES_ON = /\btrying (?:another|port|\d)|\busing (?:an(?:other)? |available )*(?:port )?\d+ instead/i;

/** Lines that are looked at. */
const LINES = 40;

/** Lines beside the one that says so in which the number may stand: of a stack trace, or of advice. */
const BESIDE = 4;

/** Numbers that say that they are a port: behind a colon, in a pair with an address, or by that word. */
const PORTS =
  /(?:(?<![\d.])(?:\[[\da-f:.]*\]|(?:\d{1,3}\.){3}\d{1,3}|localhost|\*|::)?:|',\s*|\bport[:\s=]+|"port":\s*)(\d{2,5})(?![\d:.]*\d)/gi;

/**
 * Finds the numbers of which a program said that they were in use.
 *
 * @returns undefined where it said nothing of the kind; empty where it named no number
 */
export function numbersInUse(log: readonly string[]): readonly number[] | undefined {
  const lines = log.slice(-LINES).map((line) => stripVTControlCharacters(line));
  const isSaying = (line: string): boolean => IN_USE.test(line) && !GOES_ON.test(line);
  const saying = lines.filter(isSaying);
  if (saying.length === 0) return undefined;
  const named = portsIn(saying.findLast((line) => portsIn(line).length > 0) ?? '');
  if (named.length > 0) return named;
  const at = lines.findLastIndex(isSaying);
  const beside = lines.slice(Math.max(0, at - BESIDE), at + 1 + BESIDE);
  return [...new Set(beside.flatMap(portsIn))];
}

const portsIn = (line: string): number[] => [
  ...new Set(
    [...line.matchAll(PORTS)].map(([, digits]) => Number(digits)).filter((number) => number <= 65_535),
  ),
];
