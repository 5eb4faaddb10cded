/** The program of the thread that looks at listeners: claims come in, findings go out. See `inspection.ts`. */
import { parentPort } from 'node:worker_threads';

import { createInspector } from '../ports/inspect.ts';
import { createSystem } from '../ports/system/system.ts';
import type { InspectionAnswer, InspectionRequest } from './inspection.ts';

const system = createSystem();
const inspector = createInspector(system);

parentPort?.on('message', ({ id, claims, routine }: InspectionRequest) => {
  const before = system.readCpuTime();
  const findings = inspector.inspect(claims, { routine });
  const { sightings } = inspector;
  const cost = system.readCpuTime() - before;
  parentPort?.postMessage({ id, findings, sightings, cost } satisfies InspectionAnswer);
});
