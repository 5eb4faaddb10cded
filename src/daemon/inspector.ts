/** The program of the thread that looks at listeners: claims come in, findings go out. See `inspection.ts`. */
import { parentPort } from 'node:worker_threads';

import { createInspector } from '../ports/inspect.ts';
import { createSystem } from '../ports/system/system.ts';
import { messageOf } from '../lib/errors.ts';
import type { Inspected, InspectionAnswer, InspectionRequest } from './inspection.ts';

const system = createSystem();
const inspector = createInspector(system);

parentPort?.on('message', ({ id, claims, routine }: InspectionRequest) => {
  parentPort?.postMessage({ id, ...inspect({ claims, routine }) } satisfies InspectionAnswer);
});

/** A pass that fails is told as such: the thread stays, with all that it has learned. */
function inspect({
  claims,
  routine,
}: Omit<InspectionRequest, 'id'>): Inspected | { readonly problem: string } {
  try {
    const before = system.readCpuTime();
    const findings = inspector.inspect(claims, { routine });
    const { sightings } = inspector;
    return { findings, sightings, cost: system.readCpuTime() - before };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
