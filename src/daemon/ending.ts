/** An end that happens once, whoever asks for it first. */
export interface Ending<Reason> {
  /** Resolves when everything is closed. */
  readonly ended: Promise<Reason>;
  readonly end: (reason: Reason) => void;
}

export function createEnding<Reason>(close: (reason: Reason) => Promise<void>): Ending<Reason> {
  let begin: ((reason: Reason) => void) | undefined;
  const begun = new Promise<Reason>((resolve) => {
    begin = resolve;
  });
  const ended = begun.then(async (reason) => {
    await close(reason);
    return reason;
  });
  return { ended, end: (reason) => begin?.(reason) };
}
