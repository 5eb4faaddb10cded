/** What a response means for the connection it came on and the one it goes to. */
import { protocolsOf } from '../upgrade.ts';
import { readConnection, type ConnectionOptions } from './connection-field.ts';
import { firstValue, listOf } from './fields.ts';
import { FIELD } from './field-names.ts';
import { frameResponse, isOverLength, type Framing } from './framing.ts';
import type { HeadReader } from './head-reader.ts';
import { concernsConnection } from './login.ts';
import { droppedLines } from './odd-fields.ts';
import { isProblem, problem, type Problem } from './problem.ts';
import type { Request } from './request.ts';

export interface Response {
  readonly status: number;
  readonly framing: Framing;
  readonly connection: ConnectionOptions;
  /** The protocol of a 101, or those that a 426 requires (RFC 9110 §15.5.22). */
  readonly upgrade: string | undefined;
  /** Its connection may be used again, if nothing else speaks against it. */
  readonly keepAlive: boolean;
  /** How long the target keeps it, in milliseconds, where it says so (`Keep-Alive: timeout=5`). */
  readonly keepAliveFor: number | undefined;
  /** Whether the response's connection is logged in, or may be, see `login.ts`. */
  readonly logsIn: boolean;
  /** Which of its lines are left out, and why; empty where none is. */
  readonly dropped: string;
  /** The whole head, a character per byte. */
  readonly text: string;
}

export function readResponse(reader: HeadReader, request: Request): Response | Problem {
  const { bytes, start, status } = reader;
  const text = bytes.toString('latin1', start, reader.end);
  const framing = frameResponse(reader, bytes, request.method === 'HEAD');
  if (isProblem(framing)) return framing;
  const connection = readConnection(reader, text);
  if (isProblem(connection)) return connection;
  // What the service meant by them is not known.
  const dropped = reader.odd ? droppedLines(reader, text) : '';
  const upgrade = readUpgrade(reader, text);
  if (status === 101 && (upgrade === undefined || !isAsked(upgrade, request))) {
    return problem(502, 'it switches protocols unasked');
  }
  // RFC 9110 §15.2: they came with HTTP/1.1; what an older server goes on with, recipients read differently.
  if (status < 200 && reader.minor === 0) {
    return problem(502, 'HTTP/1.0 has no responses before the final one');
  }
  if (status < 200 && connection.close) {
    return problem(502, 'it ends the connection before the final response');
  }
  return {
    status,
    framing,
    connection,
    upgrade,
    // HTTP/1.0 could keep it too; not worth its ambiguities (RFC 9112 §C.2.2).
    keepAlive:
      reader.minor === 1 &&
      !connection.close &&
      framing.kind !== 'close' &&
      !isOverLength(framing) &&
      dropped === '',
    keepAliveFor: readKeepAlive(firstValue(reader, text, FIELD.KEEP_ALIVE)),
    logsIn: concernsConnection(reader, text, FIELD.WWW_AUTHENTICATE),
    dropped,
    text,
  };
}

function readUpgrade(reader: HeadReader, text: string): string | undefined {
  if (reader.status === 101) return firstValue(reader, text, FIELD.UPGRADE);
  return reader.status === 426 ? listOf(reader, text, FIELD.UPGRADE) : undefined;
}

/** RFC 9110 §7.8: to what the client has offered, and to nothing else. */
function isAsked(chosen: string, { upgrade = '' }: Request): boolean {
  const offered = new Set(protocolsOf(upgrade.toLowerCase()));
  const protocols = protocolsOf(chosen.toLowerCase());
  return protocols.length > 0 && protocols.every((protocol) => offered.has(protocol));
}

function readKeepAlive(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  // What Node's own server says by default.
  if (value === 'timeout=5') return 5_000;
  const [, seconds] = /\btimeout=(\d{1,6})\b/.exec(value) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}
