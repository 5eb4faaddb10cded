/**
 * Writes the head that goes on: the fields as they came, in their order, without those meant for one hop, with
 * what the handler's decision sets. Text with a character per byte, to be sent as latin1.
 */
import type { ConnectionOptions } from './connection-field.ts';
import { FIELD, idOf, isFraming, isHopByHop } from './field-names.ts';
import type { HeadReader } from './head-reader.ts';
import { MARKS } from './lexer.ts';
import type { Request } from './request.ts';
import type { Response } from './response.ts';

export type Overrides = Readonly<Record<string, string | undefined>>;

/**
 * The request as the target gets it: always HTTP/1.1 (RFC 9110 §7.6), in origin form, with a Host.
 * @param authority the Host for a client that sent none (HTTP/1.0)
 * @param path the target in place of the one that came
 * @throws TypeError for an override that is no field
 */
export function forwardRequest(
  reader: HeadReader,
  request: Request,
  overrides: Overrides,
  authority: string,
  path = request.target,
): string {
  const names = Object.keys(overrides);
  let head = `${request.method} ${path} HTTP/1.1\r\n`;
  if (!request.hasHostField && overrides['host'] === undefined) {
    head += `Host: ${request.host === '' ? authority : request.host}\r\n`;
  }
  head += keptFields(reader, request.text, request.connection, (field) =>
    isOverridden(reader, request.text, field, names),
  );
  for (const name of names) {
    const value = overrides[name];
    if (value !== undefined) head += formatField(name, value);
  }
  if (request.upgrade) {
    head += 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  } else if (request.acceptsTrailers) {
    head += 'Connection: TE\r\nTE: trailers\r\n';
  }
  return `${head}\r\n`;
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
  const { text, status } = response;
  // No lengths where there is no body to have one (RFC 9110 §8.6, RFC 9112 §6.1).
  const bare = status < 200 || status === 204;
  const kept = keptFields(reader, text, response.connection, (_, id) => {
    if (id === FIELD.CONTENT_LENGTH) return bare;
    if (id === FIELD.TRANSFER_ENCODING) return bare || unchunked;
    return id === FIELD.TRAILER && unchunked;
  });
  const reason = text.slice(reader.reasonStart - reader.start, reader.lineEnd - reader.start);
  const line = `HTTP/1.1 ${status}${reason === '' ? ' ' : reason}\r\n`;
  if (response.switchesTo !== undefined) {
    return `${line}${kept}Connection: Upgrade\r\nUpgrade: ${response.switchesTo}\r\n\r\n`;
  }
  return closing && status >= 200 ? `${line}${kept}Connection: close\r\n\r\n` : `${line}${kept}\r\n`;
}

type IsCut = (field: number, id: number) => boolean;

/** The lines of the fields that go on, in as few slices as there are gaps. */
function keptFields(reader: HeadReader, text: string, connection: ConnectionOptions, isCut: IsCut): string {
  const { marks, start, count } = reader;
  let kept = '';
  let from = reader.lineEnd + 2 - start;
  for (let field = 0; field < count; field += 1) {
    const id = reader.idOf(field);
    const cut =
      isHopByHop(id) ||
      isCut(field, id) ||
      (connection.names.length > 0 && isNamed(reader, text, field, connection.names));
    if (!cut) continue;
    const lineStart = (marks[field * MARKS] as number) - start;
    if (lineStart > from) kept += text.slice(from, lineStart);
    from = endOfLine(reader, field) - start;
  }
  return kept + text.slice(from, reader.end - 2 - start);
}

/** Where the next field begins, or the empty line behind the last one. */
function endOfLine(reader: HeadReader, field: number): number {
  return field + 1 < reader.count ? (reader.marks[(field + 1) * MARKS] as number) : reader.end - 2;
}

function isNamed(reader: HeadReader, text: string, field: number, names: readonly string[]): boolean {
  return !isFraming(reader.idOf(field)) && names.includes(nameOf(reader, text, field));
}

function isOverridden(reader: HeadReader, text: string, field: number, names: readonly string[]): boolean {
  const mark = field * MARKS;
  const length = (reader.marks[mark + 1] as number) - (reader.marks[mark] as number);
  for (const name of names) {
    if (name.length === length && name === nameOf(reader, text, field)) return true;
  }
  return false;
}

function nameOf(reader: HeadReader, text: string, field: number): string {
  const mark = field * MARKS;
  const { marks, start } = reader;
  return text.slice((marks[mark] as number) - start, (marks[mark + 1] as number) - start).toLowerCase();
}

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @throws TypeError for what would not be one line, or would change how the message is framed. */
export function formatField(name: string, value: string): string {
  const id = idOf(name);
  const framing = (isFraming(id) && id !== FIELD.HOST) || isHopByHop(id);
  if (framing || !FIELD_NAME.test(name) || !FIELD_TEXT.test(value)) {
    throw new TypeError(`the field "${name}" cannot be set to ${JSON.stringify(value)}`);
  }
  return `${name}: ${value}\r\n`;
}
