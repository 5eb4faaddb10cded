/** Answers of portramp's own. */
import { STATUS_CODES } from 'node:http';

import { today } from '../../../lib/clock.ts';
import type { Reply } from '../engine.ts';
import { INTERNAL_ERROR, refusal } from '../refusal.ts';
import { formatField } from './overrides.ts';
import type { Problem } from './problem.ts';

/**
 * The whole response, a character per byte.
 * @param bodiless it answers a HEAD request: the fields are those of the body that is left out (RFC 9110 §9.3.2)
 * @throws TypeError for a field that cannot be sent
 */
export function formatReply(reply: Reply, bodiless: boolean, closing: boolean): string {
  const body = Buffer.from(reply.body).toString('latin1');
  let head = `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? ''}\r\n`;
  for (const [name, value] of Object.entries(reply.headers)) {
    // The engine's to say.
    if (!/^(?:content-length|connection)$/i.test(name)) head += formatField(name, value);
  }
  if (!Object.keys(reply.headers).some((name) => /^date$/i.test(name))) {
    head += `date: ${today().toUTCString()}\r\n`;
  }
  const empty = reply.status === 204 || reply.status === 304;
  if (!empty) head += `content-length: ${body.length}\r\n`;
  if (closing) head += 'connection: close\r\n';
  return bodiless || empty ? `${head}\r\n` : `${head}\r\n${body}`;
}

/** The same, for a reply that a handler has made: one that cannot be sent is its bug, and is answered like one. */
export function formatOwn(reply: Reply, bodiless: boolean, closing: boolean): string {
  try {
    return formatReply(reply, bodiless, closing);
  } catch {
    return formatReply(INTERNAL_ERROR, bodiless, closing);
  }
}

/** What a message that cannot be accepted is answered with; the connection ends with it. */
export function formatRefusal({ status, reason }: Problem): string {
  return formatReply({ ...refusal(reason), status }, false, true);
}
