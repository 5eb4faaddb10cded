/** Headers as they leave for the next hop, in both directions. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

import type { Forward } from '../engine.ts';

/** RFC 9110 §7.6.1, and what a proxy in front would have consumed (§11.7). */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'upgrade',
];

/** Never dropped because `Connection` names them: without them the message would mean something else. */
const ESSENTIAL = ['host', 'content-length', 'transfer-encoding'];

/** The client's headers without those of its hop, and with the handler's. Body framing stays as it came. */
export function requestHeaders(req: IncomingMessage, decided: Forward['headers']): IncomingHttpHeaders {
  // 100 Continue has been sent from here (RFC 9110 §10.1.1).
  const headers = without(req.headers, [...connectionOptions(req.headers), ...HOP_BY_HOP, 'expect']);
  // Node refuses to send a Trailer header in front of a body that cannot have trailers.
  if (headers['transfer-encoding'] === undefined) delete headers['trailer'];
  for (const [name, value] of Object.entries(decided)) {
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  }
  return headers;
}

/**
 * The backend's headers without those of its hop; the response is framed anew for the client.
 * @param connection what to do with the client's connection afterwards
 */
export function responseHeaders(
  response: IncomingMessage,
  connection: 'close' | 'keep-alive' | undefined,
): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  const dropped = new Set([...connectionOptions(response.headers), ...HOP_BY_HOP, 'transfer-encoding']);
  for (const [name, values] of Object.entries(response.headersDistinct)) {
    if (values === undefined || (dropped.has(name) && name !== 'content-length')) continue;
    const [only, ...others] = values;
    headers[name] = others.length === 0 ? only : values;
  }
  if (connection !== undefined) headers.connection = connection;
  const { upgrade } = response.headers;
  if (response.statusCode === 426 && upgrade !== undefined) {
    // RFC 9110 §15.5.22: it has to be told which one.
    headers.upgrade = upgrade;
    headers.connection = connection === 'close' ? 'Upgrade, close' : 'Upgrade';
  }
  return headers;
}

function connectionOptions(headers: IncomingHttpHeaders): string[] {
  return (headers.connection ?? '')
    .split(',')
    .map((option) => option.trim().toLowerCase())
    .filter((option) => option !== '' && !ESSENTIAL.includes(option));
}

function without(headers: IncomingHttpHeaders, names: readonly string[]): IncomingHttpHeaders {
  const left = { ...headers };
  for (const name of names) delete left[name];
  return left;
}
