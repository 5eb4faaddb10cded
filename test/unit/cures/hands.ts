/** What the hands do that several hints ask for. */
import { parse } from 'yaml';

import type { Diagnostic } from '../../../src/contract/diagnostic.ts';
import { suggest } from '../../../src/lib/suggest.ts';
import { CONTRACT, type Desk } from './desk.ts';

export type Cure = (desk: Desk, found: Diagnostic, words: readonly string[]) => void;

/** A hint, and what is typed for it; the groups of the pattern are handed to the cure. */
export type Row = readonly [hint: RegExp, cure: Cure];

/** Stands for what only whoever writes the contract can know. */
export const FREE = { name: 'other' };

export const put =
  (snippet: (words: readonly string[]) => string): Cure =>
  (desk, found, words) =>
    desk.put(found, snippet(words));

/** The word that a message complains about. */
export const wrongWord = ({ message }: Diagnostic): string =>
  /(?:names|consumes|no port|lets in(?: pages of)?|has no|no service|unknown key|no environment|port called) "([^"]+)"/.exec(
    message,
  )?.[1] ?? '';

export const pattern = (text: string): RegExp =>
  new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));

/** The entry of a list that is nearest in letters. */
function nearest(word: string, list: string): string {
  const known = list.split(', ');
  const letters = (text: string): string => text.split('').sort().join('');
  const same = known.find((each) => letters(each) === letters(word));
  return same ?? suggest(word, known) ?? known[0] ?? '';
}

export const choose: Cure = (desk, found, [list = '']) => {
  if (found.message.includes('this must be a map')) {
    setHere(desk, found, { [list.split(', ')[0] ?? '']: {} });
    return;
  }
  const word = wrongWord(found);
  desk.replace(found, pattern(word), nearest(word, list));
};

export const setHere = (desk: Desk, found: Diagnostic, value: unknown): void =>
  desk.set(found.file, desk.pathOf(found), value);

/** A key and its value, or the map itself where the finding says that a map is missing. */
export function writeHere(desk: Desk, found: Diagnostic, snippet: string): void {
  const isMap =
    found.message.includes('must be a map') && !desk.pathOf(found).includes(snippet.split(':')[0] ?? '');
  if (isMap) setHere(desk, found, parse(snippet));
  else desk.put(found, snippet);
}

export function keepOne(desk: Desk, { line, file }: Diagnostic): void {
  const lines = desk.read(file).split('\n');
  desk.write(file, lines.filter((_, index) => index !== line - 1).join('\n'));
}

export function removeFlag(desk: Desk, found: Diagnostic): void {
  const flag = /started with (.+), which/.exec(found.message)?.[1] ?? '';
  const words = flag.split(' ').map((word) => `,? *["']?${pattern(word).source}["']?`);
  desk.replace(found, new RegExp(words.join('')), '');
}

/** Into quotes, and as the whole value where it is one. */
export function typeReference(desk: Desk, found: Diagnostic, reference: string): void {
  const value = desk.valueAt(found);
  const [, name = ''] = /\$\{(\w+)\}/.exec(reference) ?? [];
  if (name !== '') {
    desk.write('.env', `${name}=localhost\n`);
    desk.set(CONTRACT, ['defaults'], { envFile: '.env' });
  }
  desk.set(CONTRACT, desk.pathOf(found), value.replace(/\$[A-Z]\w*/, reference.slice(1, -1)));
}

export function giveHost(desk: Desk, found: Diagnostic): void {
  const path = desk.pathOf(found);
  const port = path[2] === 'ports' ? path.slice(0, 4) : [...path.slice(0, 2), 'ports', 'http'];
  desk.count += 1;
  desk.set(CONTRACT, [...port, 'host'], `other${desk.count}`);
}

export function rename(desk: Desk, found: Diagnostic): void {
  desk.replace(found, /[\w.-]+(?=:)/, FREE.name);
}
