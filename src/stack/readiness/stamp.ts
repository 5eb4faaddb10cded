/** The file of `ready: { file: … }` as it was before an instance began: what an earlier run left says nothing. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { ResolvedService } from '../../plan/plan.ts';
import { stampOf } from '../probe.ts';

function fileOf({ dir, service }: ResolvedService): string | undefined {
  const hasProbe = service.kind === 'process' || service.kind === 'compose';
  return hasProbe && service.ready.kind === 'file' ? resolve(dir, service.ready.path) : undefined;
}

/** Takes the stamp just before the start; undefined where there is no such file. */
export async function stampBefore(service: ResolvedService): Promise<string | undefined> {
  const path = fileOf(service);
  return path === undefined ? undefined : stampOf(path);
}

/** Takes the stamp while the instance runs: a file that was written since it was started (wall time) is its own. */
export async function stampSince(service: ResolvedService, startedAt: number): Promise<string | undefined> {
  const path = fileOf(service);
  if (path === undefined) return undefined;
  const written = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Infinity,
  );
  return written < startedAt ? stampOf(path) : undefined;
}
