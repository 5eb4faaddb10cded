/**
 * The catalogue of failures that portramp itself reports. Every code has one meaning; the README's error
 * table is tested against this list. A message says what happened, with values; a hint says what to type.
 */
export const ERROR_CODES = {
  USAGE: 'the command line is wrong',
  CONTRACT_INVALID: 'the contract cannot be used as it is',
  CONTRACT_NOT_FOUND: 'no portramp.yaml here or in a parent folder',
  REVISION_UNREADABLE: 'git cannot give this revision of the contract',
  UNKNOWN_NAME: 'no service, group, stack or environment of that name',
  DAEMON_UNREACHABLE: 'the daemon could not be started or does not answer',
  DAEMON_BUSY: 'the daemon cannot do that while stacks are running',
  PROTOCOL_MISMATCH: 'this portramp and the running daemon share no protocol version',
  BAD_MESSAGE: 'a message on the control socket was malformed',
  STACK_NOT_RUNNING: 'no runner is attached to this stack',
  STACK_RUNNING: 'this stack has a runner already',
  RUNNER_SILENT: 'the runner of this stack does not answer',
  NO_FREE_PORT: 'no free port is left in the range',
  PORT_UNOWNED: 'no service of a stack has the port that was named',
  PORT_TAKEN: 'a leased port is held by somebody else',
  FRONT_PORT_CONFLICT: 'the front port asked for contradicts the stored one',
  LEDGER_NEWER: 'the ledger was written by a newer portramp',
  STATE_FOLDER: 'the state folder cannot be used',
  COMPOSE_MISSING: 'Docker Compose was not found',
  COMPOSE_TOO_OLD: 'Docker Compose is older than 2.24.4',
  COMPOSE_INVALID: 'the Compose project cannot be used as it is',
  ENGINE_UNREACHABLE: 'the container engine does not answer',
  COMPOSE_NAME_TAKEN: 'containers of another folder have the name of this Compose project',
  SERVICE_FAILED: 'a service failed',
  SERVICE_SILENT: 'nothing of the service listens where it would be asked',
  TIMEOUT: 'something did not happen in time',
  SYSTEM: 'the system refused something: a full disk, a limit, a permission',
  INTERNAL: 'a bug in portramp',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** What to type or change, one sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** A failure that is shown to the user as `message` and `hint`, without a stack trace. */
export class PortrampError extends Error {
  override readonly name = 'PortrampError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
  }
}

/** The text of whatever was thrown, never empty (an `AggregateError` has an empty message of its own). */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return [...new Set(error.errors.map(messageOf))].join('; ');
  }
  if (error instanceof Error) return error.message || error.name;
  return String(error);
}

/** The `code` of a Node system error (`EADDRINUSE`, `ENOENT` …), if it has one. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error === 'object' && error !== null && 'code' in error) {
    return typeof error.code === 'string' ? error.code : undefined;
  }
  return undefined;
}
