/** Requests as an HTTP Archive 1.2 (http://www.softwareishard.com/blog/har-12-spec/). Pure. */
import { STATUS_CODES } from 'node:http';

import type { RequestEvent } from '../../protocol/messages.ts';

/**
 * The front keeps no headers and no bodies, so the archive has none: `-1` and empty lists say so. Of a query it has the
 * names alone: tokens and codes are in the values, and an archive is made to be handed on.
 */
export const renderHar = (requests: readonly RequestEvent[], version: string) => ({
  log: {
    version: '1.2',
    creator: { name: 'portramp', version },
    entries: requests.toSorted((left, right) => left.time - right.time).map(renderEntry),
  },
});

/** Names that the specification does not have start with `_`. */
function renderEntry(request: RequestEvent) {
  const { time, method, host, path, status = 0, bytes, duration, held, complete } = request;
  return {
    startedDateTime: new Date(time).toISOString(),
    time: duration,
    request: {
      method,
      url: `http://${host}${withoutValues(path)}`,
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: [],
      queryString: queryOf(path),
      headersSize: -1,
      bodySize: -1,
    },
    response: {
      status,
      statusText: STATUS_CODES[status] ?? '',
      httpVersion: 'HTTP/1.1',
      cookies: [],
      headers: [],
      content: { size: bytes, mimeType: 'x-unknown' },
      redirectURL: '',
      headersSize: -1,
      bodySize: bytes,
    },
    cache: {},
    timings: { blocked: held, dns: -1, connect: -1, send: 0, wait: Math.max(0, duration - held), receive: 0 },
    _complete: complete,
    _stack: request.stack,
    _service: request.service,
    _port: request.port,
    _target: request.target,
  };
}

const HIDDEN = '...';

const withoutValues = (path: string): string => {
  const start = path.indexOf('?');
  if (start === -1) return path;
  const parts = path.slice(start + 1).split('&');
  return `${path.slice(0, start)}?${parts.map((part) => part.replace(/^(?:([^=]*=).*|.+)$/s, `$1${HIDDEN}`)).join('&')}`;
};

function queryOf(path: string): { name: string; value: string }[] {
  const start = path.indexOf('?');
  if (start === -1) return [];
  // Without a "=", what looks like a name may be the secret itself.
  const named = path
    .slice(start + 1)
    .split('&')
    .filter((part) => part.includes('='));
  return [...new URLSearchParams(named.join('&')).keys()].map((name) => ({ name, value: HIDDEN }));
}
