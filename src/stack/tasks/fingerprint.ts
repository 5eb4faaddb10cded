/** What a task depends on, as one short text: its command, its environment and the contents of its inputs. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { join } from 'node:path';

import { glob } from 'tinyglobby';

import { sha256 } from '../../lib/hash.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import { isEditorsOwn } from '../watch/editors.ts';
import { withoutIgnored } from '../watch/ignored.ts';
import { compilePatterns, isNeverWatched } from '../watch/patterns.ts';

export async function takeFingerprint({
  dir,
  command,
  env,
  unset,
  service,
}: ResolvedService): Promise<string> {
  const inputs = service.kind === 'task' ? service.inputs : [];
  const files = await listInputs(dir, inputs);
  const hashes = await Promise.all(files.map((file) => hashFile(join(dir, file))));
  const parts = {
    command,
    env: Object.entries(env).sort(([left], [right]) => (left < right ? -1 : 1)),
    unset,
    files: files.map((file, index) => [file, hashes[index]]),
  };
  return sha256(JSON.stringify(parts));
}

/** Sorted. A file that is named as it is counts even if git ignores it. */
async function listInputs(dir: string, patterns: readonly string[]): Promise<string[]> {
  if (patterns.length === 0) return [];
  const found = await glob([...patterns], {
    cwd: dir,
    dot: true,
    expandDirectories: true,
    followSymbolicLinks: false,
    ignore: ['**/node_modules/**', '**/.git/**'],
  });
  const named = new Set(compilePatterns(patterns).bases);
  const kept = new Set(await withoutIgnored(dir, found));
  const counts = (file: string): boolean =>
    !isNeverWatched(file) && ((kept.has(file) && !isEditorsOwn(file)) || named.has(file));
  return found.filter(counts).sort();
}

/** Of a file that went away meanwhile: that it is not there. */
async function hashFile(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}
