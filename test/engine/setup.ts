/** After the tests: an engine that a test started again is ended, because nobody else would. */
import { existsSync } from 'node:fs';

import { stopEngine } from './engine.ts';
import { restartedMarker } from './marker.ts';

export async function teardown(): Promise<void> {
  const marker = restartedMarker();
  if (marker !== undefined && existsSync(marker)) await stopEngine();
}
