/** Why a message cannot be accepted. A class, because what is read is asked for every message whether it is one. */
export class Problem {
  /** The status that a client is answered with. */
  readonly status: number;
  /** One clause in lower case, without values from the message. */
  readonly reason: string;

  constructor(status: number, reason: string) {
    this.status = status;
    this.reason = reason;
  }
}

export const problem = (status: number, reason: string): Problem => new Problem(status, reason);

export const isProblem = (value: object): value is Problem => value instanceof Problem;
