/** How many replicas of a service somebody has asked for, whatever the contract says. */
import type { Queue } from '../lib/queue.ts';

export interface Scales {
  readonly asked: ReadonlyMap<string, number>;
  /** @throws where they cannot be had; then all is as before, lest the number stand in the way of later edits */
  ask(service: string, replicas: number): Promise<void>;
}

/** @param apply makes the stack fit what is asked for */
export function createScales(inTurn: Queue, apply: () => Promise<void>): Scales {
  const asked = new Map<string, number>();
  return {
    asked,
    ask: (service, replicas) =>
      inTurn(async () => {
        const before = asked.get(service);
        asked.set(service, replicas);
        try {
          await apply();
        } catch (error) {
          if (before === undefined) asked.delete(service);
          else asked.set(service, before);
          throw error;
        }
      }),
  };
}
