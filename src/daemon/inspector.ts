/** The program of the thread that looks at listeners: claims come in, findings go out. See `inspection.ts`. */
import { performance } from 'node:perf_hooks';
import { parentPort } from 'node:worker_threads';

import { createInspector } from '../ports/inspect.ts';
import { createSystem } from '../ports/system/system.ts';
import type { InspectionAnswer, InspectionRequest } from './inspection.ts';

const inspector = createInspector(createSystem());

parentPort?.on('message', ({ id, claims }: InspectionRequest) => {
  // Everything here blocks, so the time that goes by is the most that it can have cost.
  const began = performance.now();
  const findings = inspector.inspect(claims);
  parentPort?.postMessage({ id, findings, cost: performance.now() - began } satisfies InspectionAnswer);
});
