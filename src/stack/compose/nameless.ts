/**
 * Volumes without a name (`volumes: [/data]`, or VOLUME of an image) that outlived their containers: nothing in the engine
 * says whose they were, so that portramp writes it down.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { writeFileAtomic } from '../../lib/atomic-write.ts';
import { readStateFile } from '../../lib/state-file.ts';

export interface NamelessVolume {
  /** In the contract, where that could be read; else in the Compose project. Empty where neither is known any more. */
  readonly service: string;
  /** What the engine calls it. */
  readonly name: string;
}

const record = z.array(z.object({ service: z.string(), name: z.string() }));

const recordPath = (folder: string, project: string): string => join(folder, `${project}.nameless.json`);

/** Reads what of a project was written down: some may be gone. @param folder Of the overrides. */
export async function readNameless(folder: string, project: string): Promise<readonly NamelessVolume[]> {
  const text = await readStateFile(recordPath(folder, project)).catch(() => undefined);
  try {
    return text === undefined ? [] : record.parse(JSON.parse(text));
  } catch {
    return [];
  }
}

/** Writes down which there are now besides those that are known. @param existing Names in the engine: others are forgotten. */
export async function noteNameless(
  folder: string,
  project: string,
  found: readonly NamelessVolume[],
  existing: ReadonlySet<string>,
): Promise<void> {
  const known = await readNameless(folder, project);
  if (known.length + found.length === 0) return;
  const all = new Map([...known, ...found].map((each) => [each.name, each]));
  const left = [...all.values()].filter(({ name }) => existing.has(name));
  if (left.length === 0) return rm(recordPath(folder, project), { force: true });
  await writeFileAtomic(recordPath(folder, project), `${JSON.stringify(left)}\n`);
}

/** Reads those of several projects, names alone. */
export async function listNameless(
  folder: string,
  projects: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const project of new Set(projects)) {
    found.set(
      project,
      (await readNameless(folder, project)).map(({ name }) => name),
    );
  }
  return found;
}

/** For a person: what is kept, whose it was, and how the data is found. */
export function describeNameless(volumes: readonly NamelessVolume[]): string {
  const services = [...new Set(volumes.flatMap(({ service }) => (service === '' ? [] : [service])))].join(
    ', ',
  );
  const names = volumes.map(({ name }) => name).join(' ');
  const what = volumes.length === 1 ? 'a volume' : `${volumes.length} volumes`;
  return `kept ${what} without a name${services === '' ? '' : `, of ${services}`} (docker volume inspect ${names}): a new container begins with an empty one`;
}
