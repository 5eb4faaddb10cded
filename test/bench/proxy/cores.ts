/** One core for the proxy, the rest for the load and the backend. Linux only. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Cores {
  /** As taskset(1) takes them. */
  readonly proxy: string;
  readonly load: string;
}

/** Chooses among the cores that this process may use, and moves it to those of the load. */
export function divideCores(): Cores {
  const status = readFileSync('/proc/self/status', 'utf8');
  const allowed = parseCores(/^Cpus_allowed_list:\s*(.+)$/m.exec(status)?.[1] ?? '');
  const [proxy, ...load] = allowed;
  if (proxy === undefined || load.length === 0) throw new Error('this benchmark needs two cores');
  const cores = { proxy: String(proxy), load: load.join(',') };
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores.load, String(process.pid)]);
  return cores;
}

/** `0-2,5` → 0, 1, 2, 5. */
export function parseCores(list: string): number[] {
  return [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, from, to = from]) =>
    Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => Number(from) + index),
  );
}
