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

/** What is answered where the target is of no use. */
export function excuse(forward: Forward | undefined, error: Error): Reply {
  try {
    return forward?.onUnreachable(error) ?? INTERNAL_ERROR;
  } catch {
    return INTERNAL_ERROR;
  }
}
