/** The containers of one Compose project, as the engine tells them. */
import { z } from 'zod';

import { PortrampError } from '../../lib/errors.ts';
import { networksField, readAttachment, type Attachment } from './attachment.ts';
import type { EngineClient } from './client.ts';

export interface Container {
  readonly id: string;
  readonly name: string;
  /** Its service in the Compose project. */
  readonly service: string;
  /** `created`, `running`, `paused`, `restarting`, `exited`, `dead` … */
  readonly state: string;
  /** `starting`, `healthy`, `unhealthy`; empty without a healthcheck. */
  readonly health: string;
  readonly exitCode: number;
  /** Whether it was ended because it used more memory than it may. */
  readonly outOfMemory: boolean;
  /** When it was last started, as the engine writes it. */
  readonly startedAt: string;
  readonly hasTerminal: boolean;
  /** Volumes without a name that it mounts: what the engine calls them. */
  readonly nameless: readonly string[];
  readonly attachment: Attachment;
  /** Ports that this machine holds for it right now. */
  readonly publications: readonly ContainerPort[];
  /** The numbers of these. */
  readonly published: readonly number[];
  /** The folder of the Compose file that it was made from. */
  readonly workingDirectory: string | undefined;
  /** The Compose files that it was made from. */
  readonly configFiles: readonly string[];
  /** Names the definition that it was made from. */
  readonly configHash: string | undefined;
}

export interface ContainerPort {
  /** `5432/tcp`. */
  readonly target: string;
  readonly number: number;
}

const LABEL = 'com.docker.compose';

const binding = z.object({ HostPort: z.string().default('') });
/** Of a container, as the engine writes them. */
export const containerMounts = z
  .array(z.object({ Type: z.string().default(''), Name: z.string().default('') }))
  .nullish();
const health = z.object({ Status: z.string().default('') });

const details = z
  .object({
    Id: z.string(),
    Name: z.string(),
    State: z.object({
      Status: z.string(),
      ExitCode: z.number().default(0),
      OOMKilled: z.boolean().default(false),
      StartedAt: z.string().default(''),
      Health: health.nullish(),
      // Podman before version 4.
      Healthcheck: health.nullish(),
    }),
    Config: z.object({ Labels: z.record(z.string(), z.string()).nullish(), Tty: z.boolean().default(false) }),
    Mounts: containerMounts,
    HostConfig: z.object({ NetworkMode: z.string().default('') }).nullish(),
    NetworkSettings: z
      .object({
        Ports: z.record(z.string(), z.array(binding).nullable()).nullish(),
        Networks: networksField,
      })
      .nullish(),
  })
  .transform(({ State: state, Config: config, ...fields }): Container => {
    const labels = config.Labels ?? {};
    const publications = Object.entries(fields.NetworkSettings?.Ports ?? {}).flatMap(([target, bindings]) =>
      (bindings ?? []).flatMap(({ HostPort }) =>
        Number(HostPort) > 0 ? [{ target, number: Number(HostPort) }] : [],
      ),
    );
    const status = (state.Health ?? state.Healthcheck)?.Status ?? '';
    return {
      id: fields.Id,
      name: fields.Name.replace(/^\//, ''),
      service: labels[`${LABEL}.service`] ?? '',
      state: state.Status,
      health: status === 'none' ? '' : status,
      exitCode: state.ExitCode,
      outOfMemory: state.OOMKilled,
      startedAt: state.StartedAt,
      hasTerminal: config.Tty,
      nameless: namelessIn(fields.Mounts),
      attachment: readAttachment(fields.NetworkSettings?.Networks, fields.HostConfig?.NetworkMode),
      publications,
      published: [...new Set(publications.map(({ number }) => number))],
      workingDirectory: labels[`${LABEL}.project.working_dir`],
      configFiles: labels[`${LABEL}.project.config_files`]?.split(',') ?? [],
      configHash: labels[`${LABEL}.config-hash`],
    };
  });

/** Names the volumes that nobody named: the engine gives them a number. */
export const namelessIn = (found: z.output<typeof containerMounts>): string[] =>
  (found ?? []).flatMap(({ Type, Name }) => (Type === 'volume' && /^[0-9a-f]{64}$/.test(Name) ? [Name] : []));

const rows = z.array(z.object({ Id: z.string(), Labels: z.record(z.string(), z.string()).nullish() }));

/**
 * Lists them, stopped ones too, but no one-off containers of `docker compose run`.
 * @throws PortrampError ENGINE_UNREACHABLE
 */
export async function containersOf(engine: EngineClient, project: string): Promise<Container[]> {
  const filters = JSON.stringify({ label: [`${LABEL}.project=${project}`] });
  const listed = rows.safeParse(await engine.get('/containers/json', { all: '1', filters }));
  if (!listed.success) throw misread(listed.error);
  const lasting = listed.data.filter(({ Labels }) => !/^true$/i.test(Labels?.[`${LABEL}.oneoff`] ?? ''));
  const inspected = await Promise.all(lasting.map(({ Id }) => inspect(engine, Id)));
  const found = inspected.flatMap((container) => container ?? []);
  const whole = await Promise.all(found.map((container) => withOwner(engine, container, found)));
  return whole.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Adds what there is of the container whose network is shared: it may be one of another project. */
async function withOwner(
  engine: EngineClient,
  container: Container,
  known: readonly Container[],
): Promise<Container> {
  const { attachment } = container;
  if (attachment.kind !== 'shared') return container;
  const { ownerId } = attachment;
  const found =
    known.find(({ id, name }) => id === ownerId || name === ownerId) ?? (await inspect(engine, ownerId));
  if (found === undefined) return container;
  const { name, state, startedAt } = found;
  return { ...container, attachment: { ...attachment, owner: { name, state, startedAt } } };
}

const networkRows = z.array(z.object({ Id: z.string(), Name: z.string() }));

/** Ids and names of all networks. @throws PortrampError ENGINE_UNREACHABLE */
export async function listNetworks(engine: EngineClient): Promise<ReadonlySet<string>> {
  const listed = networkRows.safeParse(await engine.get('/networks'));
  if (!listed.success) throw misread(listed.error);
  return new Set(listed.data.flatMap(({ Id, Name }) => [Id, Name]));
}

/** Undefined for one that is gone meanwhile. */
async function inspect(engine: EngineClient, id: string): Promise<Container | undefined> {
  const answer = await engine.get(`/containers/${id}/json`);
  if (answer === undefined) return undefined;
  const read = details.safeParse(answer);
  if (!read.success) throw misread(read.error);
  return read.data;
}

const holder = z.object({
  State: z.object({ Status: z.string() }),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
});

/**
 * Whether whoever has a name will give it up, or is what the project wants under that name: the engine is still making or
 * removing the container (one that is being made is not shown, but its name is taken), or has made it for this project.
 * @throws PortrampError ENGINE_UNREACHABLE
 */
export async function isPassing(engine: EngineClient, id: string, project: string): Promise<boolean> {
  const answer = await engine.get(`/containers/${id}/json`);
  if (answer === undefined) return true;
  const { data } = holder.safeParse(answer);
  return data?.State.Status === 'removing' || data?.Config.Labels?.[`${LABEL}.project`] === project;
}

/** Milliseconds. */
const START_TIMEOUT = 60_000;

/**
 * Starts a container; one that runs goes on. @returns what the engine says where it did not
 * @throws PortrampError ENGINE_UNREACHABLE
 */
export const startContainer = (engine: EngineClient, id: string): Promise<string | undefined> =>
  engine.send('POST', `/containers/${id}/start`, { timeout: START_TIMEOUT });

/** Ends a container at once. Undefined when that was done, else why not. @throws PortrampError ENGINE_UNREACHABLE */
export const killContainer = (engine: EngineClient, id: string): Promise<string | undefined> =>
  engine.send('POST', `/containers/${id}/kill`);

const misread = (error: z.ZodError): PortrampError =>
  new PortrampError('ENGINE_UNREACHABLE', `the container engine answers oddly: ${z.prettifyError(error)}`);

/** A container that was made and does not run yet is about to take the place of another. */
const ALIVE = ['created', 'running', 'restarting', 'paused'];

export const isAlive = ({ state }: Container): boolean => ALIVE.includes(state);
