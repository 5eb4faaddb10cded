/**
 * Keeps the cores from going to sleep. One that has nothing to do for a moment is halted, and to wake a halted core of
 * a virtual machine takes its hypervisor longer than a proxy takes for a request. A task of the lowest class, which
 * any other displaces at once (SCHED_IDLE, sched(7)), leaves them no moment without anything to do.
 */
import { parseCores, type Cores } from './cores.ts';
import type { Workshop } from './workshop.ts';

const TASK = ['chrt', '--idle', '0', 'sh', '-c', 'while :; do :; done'];

/** @throws Error when the cores may have slept meanwhile. */
export async function whileAwake<T>(workshop: Workshop, work: () => Promise<T>): Promise<T> {
  const tasks = (['proxy', 'load'] satisfies (keyof Cores)[]).flatMap((where) =>
    parseCores(workshop.cores[where]).map(() => workshop.start(where, TASK)),
  );
  try {
    const result = await work();
    const ended = tasks.find((task) => task.ended());
    if (ended !== undefined) throw new Error(`what keeps the cores awake has ended: ${ended.output()}`);
    return result;
  } finally {
    await Promise.all(tasks.map((task) => task.stop()));
  }
}
