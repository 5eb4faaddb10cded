/**
 * Closes one after the other. What cannot be closed is told, and what comes after it is closed all the same: whoever
 * waits for the end would wait for ever.
 */
export async function closeInOrder(
  steps: readonly (() => unknown)[],
  onProblem: (error: unknown) => void,
): Promise<void> {
  for (const close of steps) {
    try {
      await close();
    } catch (error) {
      onProblem(error);
    }
  }
}
