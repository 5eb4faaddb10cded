// What processes cost, as Linux counts it (proc(5)).
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

const HERTZ = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

const fieldsOf = (pid) => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

/** Milliseconds of CPU that a process has had: user and system time of all its threads, in ticks of 10 ms. */
export function cpuOf(pid) {
  const fields = fieldsOf(pid);
  return ((Number(fields[11]) + Number(fields[12])) / HERTZ) * 1_000;
}

/** The same to the nanosecond (Documentation/scheduler/sched-stats.rst), of its threads that live now. */
export function exactCpuOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  return spent.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** Megabytes: its own pages, and its share of those that others have as well. */
export function memoryOf(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) / 1_024;
}

export const descriptorsOf = (pid) => readdirSync(`/proc/${pid}/fd`).length;

export const childrenOf = (pid) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => {
      try {
        return Number(fieldsOf(one)[1]) === pid;
      } catch {
        return false;
      }
    });

export const commandOf = (pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
