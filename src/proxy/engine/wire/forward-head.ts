/**
 * Writes the head that goes on: the fields as they came, in their order, without those meant for one hop, with
 * what the handler's decision sets, and what was accepted beyond the grammar in the form that the grammar has. Text
 * with a character per byte, to be sent as latin1.
 */
import type { Target } from '../engine.ts';
import { requireTarget } from '../request-target.ts';
import type { ConnectionOptions } from './connection-field.ts';
import { isCalled } from './fields.ts';
import { FIELD, isFraming, isHopByHop } from './field-names.ts';
import type { HeadReader } from './head-reader.ts';
import { MARKS } from './lexer.ts';
import { droppedNotice, withoutBlank } from './odd-fields.ts';
import { formatField, writeOverrides, type NamesByLength, type Overrides } from './overrides.ts';
import { mayBeLeftUnread, type Request } from './request.ts';
import type { Response } from './response.ts';
import { rewriteFraming } from './write-framing.ts';

/**
 * The request as the target gets it: always HTTP/1.1 (RFC 9110 §7.6), in origin form, with a Host.
 * @param target whose authority is the Host for a client that sent none (HTTP/1.0)
 * @param path the request target in place of the one that came
 * @throws TypeError for an override that is no field, and for a path that would not stay on its line
 */
export function forwardRequest(
  reader: HeadReader,
  request: Request,
  overrides: Overrides,
  target: Target,
  path = request.target,
): string {
  const { text, connection } = request;
  const { lines, names } = writeOverrides(overrides);
  const addsHost = !request.hasHostField && overrides['host'] === undefined;
  const sent = reader.targetEnd - reader.targetStart;
  const isAsSent = !addsHost && reader.minor === 1 && path === request.target && path.length === sent;
  let line = '';
  if (!isAsSent)
    line = `${request.method} ${path === request.target ? path : requireTarget(path)} HTTP/1.1\r\n`;
  if (addsHost)
    line += formatField('Host', request.host === '' ? `${target.host}:${target.port}` : request.host);
  // RFC 9110 §10.1.1: HTTP/1.0 has no interim responses to expect.
  const isOld = reader.minor === 0;
  const kept = keptLines(reader, text, isAsSent, connection, (field, id) => {
    if (id === FIELD.CONTENT_LENGTH || id === FIELD.TRANSFER_ENCODING) {
      return rewriteFraming(reader, text, field);
    }
    return (isOld && id === FIELD.EXPECT) || isOverridden(reader, text, field, names) ? '' : undefined;
  });
  if (request.upgrade !== undefined) {
    return `${line}${kept}${lines}Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n\r\n`;
  }
  // No other request follows: whoever has let the body lie need not look for one in it.
  const ends = mayBeLeftUnread(request);
  if (request.acceptsTrailers)
    return `${line}${kept}${lines}Connection: TE${ends ? ', close' : ''}\r\nTE: trailers\r\n\r\n`;
  return ends ? `${line}${kept}${lines}Connection: close\r\n\r\n` : `${line}${kept}${lines}\r\n`;
}

/**
 * The response as the client gets it.
 * @param closing the connection ends with it
 * @param unchunked the body is sent without the coding that it came in, to HTTP/1.0
 */
export function forwardResponse(
  reader: HeadReader,
  response: Response,
  closing: boolean,
  unchunked: boolean,
): string {
  const { text, status, connection } = response;
  const { minor, reasonStart, lineEnd } = reader;
  // No lengths where there is no body to have one (RFC 9110 §8.6, RFC 9112 §6.1).
  const bare = status < 200 || status === 204;
  // The space before the reason is not optional (RFC 9112 §4).
  const isAsSent = minor === 1 && reasonStart < lineEnd;
  const reason = reasonStart < lineEnd ? text.slice(reasonStart - reader.start, lineEnd - reader.start) : ' ';
  const line = isAsSent ? '' : `HTTP/1.1 ${status}${reason}\r\n`;
  let kept = keptLines(reader, text, isAsSent, connection, (field, id) => {
    if (id === FIELD.CONTENT_LENGTH) return bare ? '' : rewriteFraming(reader, text, field);
    if (id === FIELD.TRANSFER_ENCODING) return bare || unchunked ? '' : rewriteFraming(reader, text, field);
    if (id === FIELD.TRAILER && unchunked) return '';
    return reader.odd ? withoutBlank(reader, text, field) : undefined;
  });
  if (reader.odd) kept += droppedNotice(reader, text);
  const ends = closing && status >= 200;
  if (response.upgrade !== undefined) {
    return `${line}${kept}Connection: Upgrade${ends ? ', close' : ''}\r\nUpgrade: ${response.upgrade}\r\n\r\n`;
  }
  return ends ? `${line}${kept}Connection: close\r\n\r\n` : `${line}${kept}\r\n`;
}

/** What stands in place of a line; undefined where it stays, nothing where it is cut. */
type Edit = (field: number, id: number) => string | undefined;

/** The lines that go on, the first one with them if it is `asSent`, in as few slices as there are gaps. */
function keptLines(
  reader: HeadReader,
  text: string,
  asSent: boolean,
  { names }: ConnectionOptions,
  edit: Edit,
): string {
  const { marks, start, count } = reader;
  let kept = '';
  let from = asSent ? 0 : reader.lineEnd + 2 - start;
  for (let field = 0; field < count; field += 1) {
    const id = reader.idOf(field);
    const isCut = isHopByHop(id) || (names.length > 0 && isNamed(reader, text, field, names));
    const edited = isCut ? '' : edit(field, id);
    if (edited === undefined) continue;
    const lineStart = (marks[field * MARKS] as number) - start;
    if (lineStart > from) kept += text.slice(from, lineStart);
    if (edited !== '') kept += edited;
    from = endOfLine(reader, field) - start;
  }
  return kept + text.slice(from, reader.end - 2 - start);
}

/** Where the next field begins, or the empty line behind the last one. */
function endOfLine(reader: HeadReader, field: number): number {
  return field + 1 < reader.count ? (reader.marks[(field + 1) * MARKS] as number) : reader.end - 2;
}

function isNamed(reader: HeadReader, text: string, field: number, names: readonly string[]): boolean {
  return !isFraming(reader.idOf(field)) && names.some((name) => isCalled(reader, text, field, name));
}

const NO_NAMES: readonly string[] = [];

function isOverridden(reader: HeadReader, text: string, field: number, names: NamesByLength): boolean {
  const mark = field * MARKS;
  const length = (reader.marks[mark + 1] as number) - (reader.marks[mark] as number);
  for (const name of names[length] ?? NO_NAMES) if (isCalled(reader, text, field, name)) return true;
  return false;
}
