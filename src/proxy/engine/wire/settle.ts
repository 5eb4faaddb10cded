/** What becomes of a request, by the handler's word. */
import type { Decision, Forward, Reply } from '../engine.ts';
import { INTERNAL_ERROR } from '../refusal.ts';

const FAILED: Decision = { action: 'reply', reply: INTERNAL_ERROR };

/**
 * Asks, and calls `carryOut` once: at once if the handler decides at once. One that fails is answered for.
 * @returns whether it takes its time
 */
export function settle(
  ask: () => Decision | Promise<Decision>,
  carryOut: (decision: Decision) => void,
): boolean {
  let decision: Decision | Promise<Decision>;
  try {
    decision = ask();
  } catch {
    decision = FAILED;
  }
  if (!(decision instanceof Promise)) {
    carryOut(decision);
    return false;
  }
  void decision.then(carryOut, () => carryOut(FAILED));
  return true;
}

/** Calls `answer` with what is said where the target is of no use: at once if the handler says it at once. */
export function excuse(forward: Forward | undefined, error: Error, answer: (reply: Reply) => void): void {
  let reply: Reply | Promise<Reply>;
  try {
    reply = forward?.onUnreachable(error) ?? INTERNAL_ERROR;
  } catch {
    reply = INTERNAL_ERROR;
  }
  if (reply instanceof Promise) void reply.then(answer, () => answer(INTERNAL_ERROR));
  else answer(reply);
}
