/** Every answer that is portramp's own: the front's, the ramps' and the engines'. The table is in `front/README.md`. Pure. */
import type { Reply } from './engine/engine.ts';

/** The field on every answer that is portramp's own, so that a client can tell it from a service's. */
export const MARKER = 'x-portramp';

interface Row {
  readonly status: number;
  /** When it is given, for people. */
  readonly meaning: string;
}

const row = (status: number, meaning: string): Row => ({ status, meaning });

export const REPLIES = {
  BAD_REQUEST: row(400, 'the request has no usable Host, or two parsers could read it differently'),
  FOREIGN_PAGE: row(403, 'a page of another site asked; `access` lets it in'),
  UNKNOWN_HOST: row(404, 'no running stack has this name below .localhost'),
  UNKNOWN_PATH: row(404, 'the host is there, and no port of it has this path'),
  FOREIGN_HOST: row(421, 'the host is of another domain, or an address'),
  INTERNAL: row(500, 'a bug in portramp; the log of the daemon says more'),
  UPGRADE_UNSUPPORTED: row(501, 'an upgrade that is no WebSocket, with `PORTRAMP_ENGINE=http-proxy`'),
  SERVICE_UNREACHABLE: row(502, 'the service broke off before its answer, or cannot be reached'),
  SERVICE_SPEAKS_TLS: row(502, 'the service speaks TLS, and the contract says http'),
  SERVICE_STARTING: row(503, 'the service is not ready, and the patience for the request is over'),
  SERVICE_SILENT: row(503, 'the service runs, and nothing of its own listens where requests go'),
  SERVICE_FAILED: row(503, 'the service failed; its last lines are in the answer'),
  SERVICE_STOPPED: row(503, 'nobody started the service, or it was stopped'),
  STACK_NOT_RUNNING: row(503, 'the host belongs to a stack that nobody runs'),
  STACK_RETURNING: row(503, 'the daemon has just started, and the runner of this host is not back yet'),
  TOO_MANY_WAITING: row(503, 'too many requests wait for services that are starting'),
  TOO_MANY_CONNECTIONS: row(503, 'the daemon is out of file descriptors'),
  CLOSING: row(503, 'the daemon ends, or is replaced'),
  LOOP: row(508, 'the request came back to the front again and again'),
} as const satisfies Record<string, Row>;

export type ReplyCode = keyof typeof REPLIES;

export const statusOf = (code: ReplyCode): number => REPLIES[code].status;

/** The code in lower case. */
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
