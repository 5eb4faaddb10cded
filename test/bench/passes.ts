/** What a pass of verification over the claims of the command line costs. */
import { createInspector } from '../../src/ports/inspect.ts';
import { createSystem } from '../../src/ports/system/system.ts';
import type { Claim } from '../../src/ports/findings.ts';

const claims = JSON.parse(process.argv[2] ?? '[]') as Claim[];
const system = createSystem();
const inspector = createInspector(system);

/** Milliseconds of a core, whatever else the machine does. */
function time(work: () => void): number {
  const before = system.readCpuTime();
  work();
  return system.readCpuTime() - before;
}

let findings = 0;
const pass = (): void => {
  findings = inspector.inspect(claims).length;
};
const first = time(pass);
const steady = Array.from({ length: 51 }, () => time(pass)).toSorted((a, b) => a - b)[25];
console.log(JSON.stringify({ first, steady, processes: system.listProcesses().length, findings }));
