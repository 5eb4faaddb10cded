/** Every answer that is portramp's own: the front's, the ramps' and the engines'. The table is in `front/README.md`. Pure. */
import type { Reply } from './engine/engine.ts';
import { MARKER } from './engine/refusal.ts';

interface Row {
  readonly status: number;
  /** When it is given, for people. */
  readonly meaning: string;
}

export const REPLIES = {
  BAD_REQUEST: {
    status: 400,
    meaning: 'the request has no usable Host, or two parsers could read it differently',
  },
  FOREIGN_PAGE: { status: 403, meaning: 'a page of another site asked; `access` lets it in' },
  UNKNOWN_HOST: { status: 404, meaning: 'no running stack has this name below .localhost' },
  UNKNOWN_PATH: { status: 404, meaning: 'the host is there, and no port of it has this path' },
  FOREIGN_HOST: { status: 421, meaning: 'the host is of another domain, or an address' },
  INTERNAL: { status: 500, meaning: 'a bug in portramp; the log of the daemon says more' },
  SERVICE_UNREACHABLE: {
    status: 502,
    meaning: 'the service broke off before its answer, or cannot be reached',
  },
  SERVICE_SPEAKS_TLS: { status: 502, meaning: 'the service speaks TLS, and the contract says http' },
  SERVICE_STARTING: {
    status: 503,
    meaning: 'the service is not ready, and the patience for the request is over',
  },
  SERVICE_SILENT: {
    status: 503,
    meaning: 'the service runs, and nothing of its own listens where requests go',
  },
  SERVICE_FAILED: { status: 503, meaning: 'the service failed; its last lines are in the answer' },
  SERVICE_STOPPED: { status: 503, meaning: 'nobody started the service, or it was stopped' },
  STACK_NOT_RUNNING: { status: 503, meaning: 'the host belongs to a stack that nobody runs' },
  STACK_RETURNING: {
    status: 503,
    meaning: 'the daemon has just started, and the runner of this host is not back yet',
  },
  TOO_MANY_WAITING: { status: 503, meaning: 'too many requests wait for services that are starting' },
  CLOSING: { status: 503, meaning: 'the daemon ends, or is replaced' },
  LOOP: { status: 508, meaning: 'the request came back to the front again and again' },
} as const satisfies Record<string, Row>;

export type ReplyCode = keyof typeof REPLIES;

export const statusOf = (code: ReplyCode): number => REPLIES[code].status;

/** The field that tells an answer of portramp's own from a service's: the code in lower case. */
export const markerOf = (code: ReplyCode): Readonly<Record<string, string>> => ({
  [MARKER]: code.toLowerCase().replaceAll('_', '-'),
});

/** What programs are told; absent parts are left out. */
export interface ReplyDetails {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly log?: readonly string[] | undefined;
  readonly link?: string | undefined;
  /** Seconds. */
  readonly retryAfter?: number | undefined;
}

/** The body of an answer for programs. */
export const renderJson = (code: ReplyCode, { message, hint, log, link }: ReplyDetails): string =>
  `${JSON.stringify({ error: code, message, hint, log, link })}\n`;

/** The whole answer for programs. */
export const jsonReply = (code: ReplyCode, details: ReplyDetails): Reply => ({
  status: statusOf(code),
  headers: {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(details.retryAfter === undefined ? {} : { 'retry-after': String(details.retryAfter) }),
    ...markerOf(code),
  },
  body: renderJson(code, details),
});
