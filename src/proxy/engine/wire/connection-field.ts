/** The `Connection` field: what one hop says to the next (RFC 9110 §7.6.1). */
import { valueOf } from './fields.ts';
import { FIELD, idOf, isFraming } from './field-names.ts';
import type { HeadLexer } from './lexer.ts';
import { problem, type Problem } from './problem.ts';

export interface ConnectionOptions {
  readonly close: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
  /** Further fields that are meant for this hop alone, in lower case. */
  readonly names: readonly string[];
}

const NO_NAMES: readonly string[] = [];
const SILENT: ConnectionOptions = { close: false, keepAlive: false, upgrade: false, names: NO_NAMES };
const KEEP_ALIVE: ConnectionOptions = { ...SILENT, keepAlive: true };
const CLOSE: ConnectionOptions = { ...SILENT, close: true };
const UPGRADE: ConnectionOptions = { ...SILENT, upgrade: true };

const OPTION = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** All Connection fields of a head together. @returns a Problem if they are not lists of tokens */
export function readConnection(lexer: HeadLexer, text: string): ConnectionOptions | Problem {
  let value: string | undefined;
  for (let field = 0; field < lexer.count; field += 1) {
    if (lexer.idOf(field) !== FIELD.CONNECTION) continue;
    const one = valueOf(lexer, text, field);
    value = value === undefined ? one : `${value},${one}`;
  }
  return value === undefined ? SILENT : parseConnection(value);
}

function parseConnection(value: string): ConnectionOptions | Problem {
  switch (value) {
    case 'keep-alive':
    case 'Keep-Alive':
      return KEEP_ALIVE;
    case 'close':
      return CLOSE;
    case 'Upgrade':
    case 'upgrade':
      return UPGRADE;
    default:
      return parseList(value);
  }
}

function parseList(value: string): ConnectionOptions | Problem {
  const options = value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim())
    .filter((option) => option !== '');
  if (!options.every((option) => OPTION.test(option))) {
    return problem(400, 'the Connection field is malformed');
  }
  return {
    close: options.includes('close'),
    keepAlive: options.includes('keep-alive'),
    upgrade: options.includes('upgrade'),
    names: options.filter((option) => !isFraming(idOf(option))),
  };
}
