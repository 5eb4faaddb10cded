/** Gathers what the system tells of processes, for one question about whose they are. */
import type { Evidence, ProcessFacts } from './owner.ts';
import { createSystem, type System } from './system/system.ts';

/** Reads each process once, however many services it might belong to; what happens meanwhile is another question's. */
export function askSystem(
  platform: NodeJS.Platform = process.platform,
  system: Pick<System, 'readProcess' | 'readMarker' | 'listProcesses'> = createSystem(platform),
): Evidence {
  let listed: ReadonlyMap<number, ProcessFacts> | undefined;
  // A program that tells of one process takes as long as one that tells of all.
  const find = (pid: number): ProcessFacts | undefined =>
    (listed ??= new Map(system.listProcesses().map((facts) => [facts.pid, facts]))).get(pid);
  return {
    factsOf: platform === 'linux' ? once((pid) => system.readProcess(pid)) : find,
    markerOf: once((pid) => system.readMarker(pid)),
    recorded: new Map(),
  };
}

function once<T>(read: (pid: number) => T): (pid: number) => T {
  const known = new Map<number, { readonly value: T }>();
  return (pid) => {
    const found = known.get(pid) ?? { value: read(pid) };
    known.set(pid, found);
    return found.value;
  };
}
