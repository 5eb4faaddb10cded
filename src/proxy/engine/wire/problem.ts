/** Why a message cannot be accepted. */
export interface Problem {
  /** The status that a client is answered with. */
  readonly status: number;
  /** One clause in lower case, without values from the message. */
  readonly reason: string;
}

export function problem(status: number, reason: string): Problem {
  return { status, reason };
}

export function isProblem(value: object): value is Problem {
  return 'reason' in value && 'status' in value;
}
