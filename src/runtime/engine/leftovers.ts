/** What stacks have left in the engine whose checkout is gone: found by the labels that Compose gave it. */
import { z } from 'zod';

import type { EngineClient } from './client.ts';

export interface Leftover {
  /** The Compose project. */
  readonly project: string;
  readonly containers: readonly Named[];
  readonly networks: readonly Named[];
  readonly volumes: readonly Volume[];
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Volume {
  readonly name: string;
  /** Bytes; absent where the engine does not tell. */
  readonly size?: number | undefined;
}

export interface LeftoverQuery {
  /** Whether a Compose file is an override that portramp made. */
  readonly isOverride: (file: string) => boolean;
  /** Whether a folder is there. */
  readonly exists: (folder: string) => boolean;
  /** Projects of stacks that nobody knows any more, whose containers may be gone already. */
  readonly forgotten: readonly string[];
}

const LABEL = 'com.docker.compose.project';
const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
const containerRows = z.array(
  z.object({ Id: z.string(), Names: z.array(z.string()).nullish(), Labels: labels }),
);
const networkRows = z.array(z.object({ Id: z.string(), Name: z.string(), Labels: labels }));
const volumeRows = z.object({ Volumes: z.array(z.object({ Name: z.string(), Labels: labels })).nullish() });
const usage = z.object({
  Volumes: z
    .array(z.object({ Name: z.string(), UsageData: z.object({ Size: z.number() }).nullish() }))
    .nullish(),
});

/** @throws PortrampError ENGINE_UNREACHABLE */
export async function findLeftovers(engine: EngineClient, query: LeftoverQuery): Promise<Leftover[]> {
  const filters = JSON.stringify({ label: [LABEL] });
  const containers = containerRows.parse(await engine.get('/containers/json', { all: '1', filters }));
  const folderOf = (row: (typeof containers)[number]): string => row.Labels[`${LABEL}.working_dir`] ?? '';
  const isAtHome = (row: (typeof containers)[number]): boolean => query.exists(folderOf(row));
  const isOwn = (row: (typeof containers)[number]): boolean =>
    (row.Labels[`${LABEL}.config_files`] ?? '').split(',').some(query.isOverride);
  const inUse = new Set(containers.filter(isAtHome).map((row) => row.Labels[LABEL]));
  const left = containers
    .filter((row) => isOwn(row) && !isAtHome(row))
    .flatMap((row) => row.Labels[LABEL] ?? []);
  const projects = [...new Set([...left, ...query.forgotten])]
    .filter((project) => !inUse.has(project))
    .sort();
  if (projects.length === 0) return [];
  const networks = networkRows.parse(await engine.get('/networks', { filters }));
  const { Volumes: volumes } = volumeRows.parse(await engine.get('/volumes', { filters }));
  const sizes = await sizesOf(engine);
  return projects
    .map((project): Leftover => ({
      project,
      containers: containers
        .filter((row) => row.Labels[LABEL] === project)
        .map(({ Id: id, Names }) => ({ id, name: (Names?.[0] ?? id).replace(/^\//, '') })),
      networks: networks
        .filter((row) => row.Labels[LABEL] === project)
        .map(({ Id: id, Name: name }) => ({ id, name })),
      volumes: (volumes ?? [])
        .filter((row) => row.Labels[LABEL] === project)
        .map(({ Name: name }) => ({ name, size: sizes.get(name) })),
    }))
    .filter((each) => each.containers.length + each.networks.length + each.volumes.length > 0);
}

/** Empty where the engine does not tell them. */
async function sizesOf(engine: EngineClient): Promise<ReadonlyMap<string, number>> {
  const answer = usage.safeParse(await engine.get('/system/df', { type: 'volume' }).catch(() => undefined));
  return new Map(
    (answer.data?.Volumes ?? []).flatMap(({ Name, UsageData }) =>
      UsageData !== undefined && UsageData !== null && UsageData.Size >= 0 ? [[Name, UsageData.Size]] : [],
    ),
  );
}

/** Milliseconds: a container may have to be stopped first. */
const REMOVE_TIMEOUT = 60_000;

/**
 * Removes containers and networks, and the data only when that is asked for. What could not be removed, a sentence each.
 * @throws PortrampError ENGINE_UNREACHABLE
 */
export async function removeLeftover(
  engine: EngineClient,
  { containers, networks, volumes }: Leftover,
  options: { readonly volumes: boolean },
): Promise<string[]> {
  const problems: string[] = [];
  const remove = async (what: string, path: string): Promise<void> => {
    const query = { force: '1' };
    const problem = await engine.send('DELETE', path, { query, timeout: REMOVE_TIMEOUT });
    // What somebody else has removed meanwhile is gone too.
    if (problem !== undefined && !/no such|not found/i.test(problem)) problems.push(`${what}: ${problem}`);
  };
  for (const { id, name } of containers) await remove(`container ${name}`, `/containers/${id}`);
  for (const { id, name } of networks) await remove(`network ${name}`, `/networks/${id}`);
  if (options.volumes) await removeVolumes(remove, volumes);
  return problems;
}

async function removeVolumes(
  remove: (what: string, path: string) => Promise<void>,
  volumes: readonly Volume[],
): Promise<void> {
  for (const { name } of volumes) await remove(`volume ${name}`, `/volumes/${encodeURIComponent(name)}`);
}

/** Lists the volumes of one project. @throws PortrampError ENGINE_UNREACHABLE */
export async function volumesOf(engine: EngineClient, project: string): Promise<Volume[]> {
  const filters = JSON.stringify({ label: [`${LABEL}=${project}`] });
  const { Volumes } = volumeRows.parse(await engine.get('/volumes', { filters }));
  return (Volumes ?? []).map(({ Name: name }) => ({ name }));
}
