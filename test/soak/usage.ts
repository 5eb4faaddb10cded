/** What processes hold: memory and descriptors, as Linux counts them (proc(5)). */
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export interface Usage {
  /** Megabytes that are its own, and its share of others. */
  readonly memory: number;
  readonly descriptors: number;
}

/** A collection of garbage may come between two looks: the least of them is what is held. */
const LOOKS = 20;
const BETWEEN = 500;

export async function measure<Name extends string>(pids: Record<Name, number>): Promise<Record<Name, Usage>> {
  const names = Object.keys(pids) as Name[];
  const least = new Map<Name, Usage>();
  for (let turn = 0; turn < LOOKS; turn += 1) {
    await pause(BETWEEN);
    for (const name of names) {
      const now = look(pids[name]);
      const before = least.get(name) ?? now;
      least.set(name, {
        memory: Math.min(before.memory, now.memory),
        descriptors: Math.min(before.descriptors, now.descriptors),
      });
    }
  }
  return Object.fromEntries(least) as Record<Name, Usage>;
}

function look(pid: number): Usage {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return {
    memory: Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) / 1_024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

export const renderUsage = (usage: Record<string, Usage>): string =>
  Object.entries(usage)
    .map(([name, { memory, descriptors }]) => `${name} ${memory.toFixed(1)} MB, ${descriptors} descriptors`)
    .join('; ');

/** Whether nobody holds more than `share` above what they held first. */
export const isWithin = (first: Record<string, Usage>, last: Record<string, Usage>, share: number): boolean =>
  Object.entries(first).every(([name, before]) => {
    const now = last[name];
    return (
      now !== undefined &&
      now.memory <= before.memory * (1 + share) &&
      now.descriptors <= before.descriptors * (1 + share)
    );
  });
