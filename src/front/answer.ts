/** A notice as an answer: a page for somebody who looks, JSON for everybody else. Pure. */
import type { Reply, RequestHead } from '../proxy/engine/engine.ts';
import { jsonReply, MARKER } from '../proxy/replies.ts';
import { wantsPage } from './gate.ts';
import type { Notice } from './notices.ts';
import { renderPage } from './pages.ts';

export function answer(head: RequestHead, notice: Notice): Reply {
  const reply = jsonReply(notice.code, notice);
  if (!wantsPage(head) || head.upgrade) return reply;
  return {
    ...reply,
    headers: {
      ...reply.headers,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
    // A form that was sent must not be sent again, nor quietly become a GET.
    body: renderPage(notice, head.method === 'GET'),
  };
}

export function redirect(location: string): Reply {
  return {
    status: 307,
    headers: { location, 'cache-control': 'no-store', [MARKER]: 'canonical-host' },
    body: '',
  };
}

export function json(value: unknown): Reply {
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      [MARKER]: 'discovery',
    },
    body: `${JSON.stringify(value, undefined, 2)}\n`,
  };
}
