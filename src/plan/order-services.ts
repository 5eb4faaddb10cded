import type { Need } from './plan.ts';

export interface Ordering {
  /** Providers before consumers, else in the order given. */
  readonly order: string[];
  /** Services that wait for each other: `[a, b, c]` means a → b → c → a. Each service is in one at most. */
  readonly cycles: string[][];
}

/**
 * Depth first, without recursion: ten thousand services may stand in one chain. Optional needs order nothing,
 * because nobody waits for them.
 */
export function orderServices(needs: ReadonlyMap<string, readonly Need[]>): Ordering {
  const order: string[] = [];
  const cycles: string[][] = [];
  const inCycle = new Set<string>();
  const done = new Set<string>();
  const path: string[] = [];
  const left = new Map<string, Iterator<string>>();
  const enter = (name: string): void => {
    path.push(name);
    left.set(name, providersOf(needs.get(name) ?? []).values());
  };
  const leave = (name: string): void => {
    path.pop();
    left.delete(name);
    done.add(name);
    order.push(name);
  };
  const recordCycle = (from: string): void => {
    const cycle = path.slice(path.indexOf(from));
    if (!cycle.some((member) => inCycle.has(member))) cycles.push(cycle);
    for (const member of cycle) inCycle.add(member);
  };
  for (const root of needs.keys()) {
    if (!done.has(root)) enter(root);
    for (let name = path.at(-1); name !== undefined; name = path.at(-1)) {
      const next = left.get(name)?.next();
      if (next === undefined || next.done === true) leave(name);
      else if (left.has(next.value)) recordCycle(next.value);
      else if (!done.has(next.value)) enter(next.value);
    }
  }
  return { order, cycles };
}

const providersOf = (needs: readonly Need[]): string[] =>
  needs.filter((need) => !need.optional).map((need) => need.service);
