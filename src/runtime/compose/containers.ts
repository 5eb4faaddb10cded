/** The containers of one project, as `docker compose ps` tells them. */
import { z } from 'zod';

import { PortrampError } from '../../lib/errors.ts';
import { explainFailure } from './failure.ts';
import { runCompose, type ComposeCall } from './resolve.ts';

export interface Container {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  /** `created`, `running`, `paused`, `restarting`, `exited`, `dead` … */
  readonly state: string;
  /** `starting`, `healthy`, `unhealthy`; empty without a healthcheck. */
  readonly health: string;
  readonly exitCode: number;
  /** Numbers on the host that it holds right now. */
  readonly published: readonly number[];
  /** The folder of the Compose file that it was made from. */
  readonly workingDirectory: string | undefined;
  /** The Compose files that it was made from. */
  readonly configFiles: readonly string[];
  /** Names the definition that it was made from. */
  readonly configHash: string | undefined;
}

const row = z
  .object({
    ID: z.string(),
    Name: z.string(),
    Service: z.string(),
    State: z.string(),
    Health: z.string().default(''),
    ExitCode: z.number().default(0),
    Labels: z.string().default(''),
    Publishers: z.array(z.object({ PublishedPort: z.number().default(0) })).nullish(),
  })
  .transform((fields): Container => ({
    id: fields.ID,
    name: fields.Name,
    service: fields.Service,
    state: fields.State,
    health: fields.Health,
    exitCode: fields.ExitCode,
    published: (fields.Publishers ?? [])
      .map((publisher) => publisher.PublishedPort)
      .filter((port) => port > 0),
    workingDirectory: labelOf(fields.Labels, 'project.working_dir'),
    configFiles: labelOf(fields.Labels, 'project.config_files')?.split(',') ?? [],
    configHash: labelOf(fields.Labels, 'config-hash'),
  }));

/** One of Compose's own. A value may have commas in it: where a label begins is told by its `NAME=`. */
function labelOf(labels: string, name: string): string | undefined {
  const prefix = `com.docker.compose.${name}=`;
  const found = labels.split(/,(?=[\w./-]+=)/).find((label) => label.startsWith(prefix));
  return found?.slice(prefix.length);
}

/** Milliseconds; an engine that answers slower than this is stuck. */
const PS_TIMEOUT = 20_000;

/**
 * Stopped ones too, but no one-off containers of `run`.
 * @throws PortrampError ENGINE_UNREACHABLE with Compose's words.
 */
export async function listContainers(call: ComposeCall): Promise<Container[]> {
  const { code, stdout, stderr } = await runCompose(call, ['ps', '--all', '--no-trunc', '--format', 'json'], {
    timeout: PS_TIMEOUT,
  });
  if (code !== 0) {
    const { message, hint } = explainFailure(stderr, code);
    throw new PortrampError('ENGINE_UNREACHABLE', message, { hint });
  }
  return parseContainers(stdout);
}

/** One JSON object a line; versions before 2.21 print one array. */
export function parseContainers(text: string): Container[] {
  const rows = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line): unknown[] => {
      const value: unknown = JSON.parse(line);
      return Array.isArray(value) ? value : [value];
    });
  return rows.map((value) => row.parse(value)).filter(({ name, service }) => !isOneOff(name, service));
}

/** `docker compose run` calls its containers `PROJECT-SERVICE-run-HASH`. */
const isOneOff = (name: string, service: string): boolean =>
  new RegExp(`[-_]${escape(service)}[-_]run[-_]\\w+$`).test(name);

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** What the `configHash` of a container is when it is as the files say; undefined where Compose does not tell. */
export async function hashOf(call: ComposeCall, service: string): Promise<string | undefined> {
  const { code, stdout } = await runCompose(call, ['config', '--hash', service], { timeout: PS_TIMEOUT });
  return code === 0 ? stdout.trim().split(' ')[1] : undefined;
}

/** A container that was made and does not run yet is about to take the place of another. */
const ALIVE = ['created', 'running', 'restarting', 'paused'];

export const isAlive = ({ state }: Container): boolean => ALIVE.includes(state);
