/** Containers, networks and volumes of Compose projects, found by the labels that Compose gave them, and their removal. */
import { z } from 'zod';

import type { EngineClient } from './client.ts';
import { containerMounts, namelessIn } from './containers.ts';
import { describeUsed, findUsed } from './networks.ts';

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
  /** Whether nobody named it: the engine gave it a number. */
  readonly nameless?: true;
}

/** A container, as the labels of Compose tell it. */
export interface Made {
  /** The folder of its first Compose file: not always its checkout's. */
  readonly folder: string | undefined;
  readonly files: readonly string[];
}

/** Everything in the engine that has the name of one project. */
export interface EngineProject extends Leftover {
  /** Of each of the containers. */
  readonly made: readonly Made[];
}

const LABEL = 'com.docker.compose.project';
const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
const containerRows = z.array(
  z.object({ Id: z.string(), Names: z.array(z.string()).nullish(), Labels: labels, Mounts: containerMounts }),
);
const networkRows = z.array(z.object({ Id: z.string(), Name: z.string(), Labels: labels }));
const volumeRows = z.object({ Volumes: z.array(z.object({ Name: z.string(), Labels: labels })).nullish() });
const usage = z.object({
  Volumes: z
    .array(z.object({ Name: z.string(), UsageData: z.object({ Size: z.number() }).nullish() }))
    .nullish(),
});

/**
 * Lists every project of which something is there.
 * @param recorded By project, volumes without a name that its containers left: the engine does not know whose they are.
 * @throws PortrampError ENGINE_UNREACHABLE
 */
export async function listProjects(
  engine: EngineClient,
  recorded: ReadonlyMap<string, readonly string[]>,
): Promise<EngineProject[]> {
  const filters = JSON.stringify({ label: [LABEL] });
  const containers = containerRows.parse(await engine.get('/containers/json', { all: '1', filters }));
  const networks = networkRows.parse(await engine.get('/networks', { filters }));
  const volumes = volumeRows.parse(await engine.get('/volumes')).Volumes ?? [];
  const existing = new Set(volumes.map(({ Name }) => Name));
  const labelled = [...containers, ...networks, ...volumes].flatMap(({ Labels }) => Labels[LABEL] ?? []);
  const left = [...recorded].flatMap(([project, names]) =>
    names.some((name) => existing.has(name)) ? [project] : [],
  );
  return [...new Set([...labelled, ...left])].sort().map((project): EngineProject => {
    const isOf = ({ Labels }: { readonly Labels: Readonly<Record<string, string>> }): boolean =>
      Labels[LABEL] === project;
    const own = containers.filter(isOf);
    const mounted = own.flatMap(({ Mounts }) => namelessIn(Mounts));
    const known = (recorded.get(project) ?? []).filter((name) => existing.has(name));
    return {
      project,
      containers: own.map(({ Id: id, Names }) => ({ id, name: (Names?.[0] ?? id).replace(/^\//, '') })),
      networks: networks.filter(isOf).map(({ Id: id, Name: name }) => ({ id, name })),
      volumes: [
        ...volumes.filter(isOf).map(({ Name: name }) => ({ name })),
        ...[...new Set([...mounted, ...known])].map((name): Volume => ({ name, nameless: true })),
      ],
      made: own.map(({ Labels }) => ({
        folder: Labels[`${LABEL}.working_dir`],
        files: (Labels[`${LABEL}.config_files`] ?? '').split(',').filter((file) => file !== ''),
      })),
    };
  });
}

/** Adds what the volumes hold, where the engine tells that. */
export async function withSizes<Of extends Leftover>(
  engine: EngineClient,
  leftovers: readonly Of[],
): Promise<Of[]> {
  if (leftovers.every(({ volumes }) => volumes.length === 0)) return [...leftovers];
  const sizes = await sizesOf(engine);
  return leftovers.map((each) => ({
    ...each,
    volumes: each.volumes.map((volume) => ({ ...volume, size: sizes.get(volume.name) })),
  }));
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

export interface Removed {
  /** What is gone. */
  readonly removed: Leftover;
  /** What could not be removed, a sentence each. */
  readonly problems: readonly string[];
}

/** Removes containers and networks, and the data only when that is asked for. @throws PortrampError ENGINE_UNREACHABLE */
export async function removeLeftover(
  engine: EngineClient,
  { project, containers, networks, volumes }: Leftover,
  options: { readonly volumes: boolean },
): Promise<Removed> {
  const problems: string[] = [];
  const removeEach = async <Of>(all: readonly Of[], one: (each: Of) => Promise<string | undefined>) => {
    const gone: Of[] = [];
    for (const each of all) {
      const problem = await one(each);
      if (problem === undefined) gone.push(each);
      else problems.push(problem);
    }
    return gone;
  };
  const removed = {
    project,
    containers: await removeEach(containers, ({ id, name }) =>
      remove(engine, `container ${name}`, `/containers/${id}`),
    ),
    networks: await removeEach(networks, (network) => removeNetwork(engine, network)),
    volumes: options.volumes ? await removeEach(volumes, ({ name }) => removeVolume(engine, name)) : [],
  };
  return { removed, problems };
}

/** Undefined when it is gone, else why not. @throws PortrampError ENGINE_UNREACHABLE */
async function removeNetwork(engine: EngineClient, { id, name }: Named): Promise<string | undefined> {
  const problem = await remove(engine, `network ${name}`, `/networks/${id}`);
  const used = problem === undefined ? undefined : await findUsed(engine, id);
  return used === undefined ? problem : describeUsed(used);
}

/** Removes a volume. Undefined when it is gone, else why not. @throws PortrampError ENGINE_UNREACHABLE */
export const removeVolume = (engine: EngineClient, name: string): Promise<string | undefined> =>
  remove(engine, `volume ${name}`, `/volumes/${encodeURIComponent(name)}`);

async function remove(engine: EngineClient, what: string, path: string): Promise<string | undefined> {
  const problem = await engine.send('DELETE', path, { query: { force: '1' }, timeout: REMOVE_TIMEOUT });
  // What somebody else has removed meanwhile is gone too.
  return problem === undefined || /no such|not found/i.test(problem) ? undefined : `${what}: ${problem}`;
}

/** Names every volume that is there. @throws PortrampError ENGINE_UNREACHABLE */
export async function listVolumeNames(engine: EngineClient): Promise<ReadonlySet<string>> {
  const { Volumes } = volumeRows.parse(await engine.get('/volumes'));
  return new Set((Volumes ?? []).map(({ Name }) => Name));
}

/** Lists the volumes of one project. @throws PortrampError ENGINE_UNREACHABLE */
export async function volumesOf(engine: EngineClient, project: string): Promise<Volume[]> {
  const filters = JSON.stringify({ label: [`${LABEL}=${project}`] });
  const { Volumes } = volumeRows.parse(await engine.get('/volumes', { filters }));
  return (Volumes ?? []).map(({ Name: name }) => ({ name }));
}
