/** What a program or a client wrote, without what a terminal would obey. */
import { stripVTControlCharacters } from 'node:util';

/** All but tab (ECMA-48 §5). */
export const CONTROL = /(?!\t)\p{Cc}/gu;

/** Harmless and frequent, but only at home on a line of one's own: bell, backspace, carriage return. */
const DROPPED = '\u0007\u0008\r';

/** Sequences are taken out; what else could move a cursor or change the terminal is shown as U+FFFD. */
export const plainText = (text: string): string =>
  stripVTControlCharacters(text).replace(CONTROL, (control) => (DROPPED.includes(control) ? '' : '\ufffd'));
