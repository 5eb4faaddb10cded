/**
 * Logins that a service remembers for the connection, and not for the request: NTLM, Negotiate (RFC 4559 §5) and their
 * kin. Whoever has such a connection next is taken for the one who has logged in.
 */
import { valueOf } from './fields.ts';
import type { FIELD } from './field-names.ts';
import type { HeadLexer } from './lexer.ts';

/** Anywhere in a list of challenges; what merely looks like one costs a connection of its own, and no more. */
const OF_CONNECTIONS = /(?:^|[\s,])(?:ntlm|negotiate|kerberos)(?:$|[\s,])/i;

/** Whether a head logs in its connection, or offers that. */
export function concernsConnection(
  lexer: HeadLexer,
  text: string,
  id: typeof FIELD.AUTHORIZATION | typeof FIELD.WWW_AUTHENTICATE,
): boolean {
  for (let field = 0; field < lexer.count; field += 1) {
    if (lexer.idOf(field) === id && OF_CONNECTIONS.test(valueOf(lexer, text, field))) return true;
  }
  return false;
}
