/** Which line of a log says best why a program ended. */
import { expect, it } from 'vitest';

import { quoteEnd } from '../../../../src/stack/readiness/words.ts';

it.each([
  ["TypeError: cannot read 'x'", ['starting', "TypeError: cannot read 'x'", '    at main (app.js:1:1)', '}']],
  ['AxiosError: connect ECONNREFUSED', ['AxiosError: connect ECONNREFUSED', 'isAxiosError: true,', '}']],
  ['psycopg2.OperationalError: no', ['psycopg2.OperationalError: no', 'hadError: false']],
  ['ActiveRecord::ConnectionNotEstablished: no', ['ActiveRecord::ConnectionNotEstablished: no']],
  ['Errors::DialError (no)', ['Errors::DialError (no)', 'bye']],
  ['[Error: EACCES] { code: 1 }', ['[Error: EACCES] { code: 1 }', 'bye']],
  ['error: could not compile', ['error: could not compile', 'build failed']],
  ['[error] no such table', ['[error] no such table', 'bye']],
  ['java.lang.IllegalStateException: no', ['java.lang.IllegalStateException: no', 'bye']],
  ["thread 'main' panicked at src/main.rs", ["thread 'main' panicked at src/main.rs", 'note: run with']],
  ['bye', ['hello', 'bye', '']],
  [undefined, ['', '   at main']],
])('%s', (expected, log) => expect(quoteEnd(log)).toBe(expected));
