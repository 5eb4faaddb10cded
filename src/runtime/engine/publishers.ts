/** The containers that run, of whatever project, and the ports of this machine that they have: what a process table shows as the engine's. */
import { z } from 'zod';

import type { EngineClient } from './client.ts';

const LABEL = 'com.docker.compose';

const rows = z.array(
  z.object({
    Id: z.string().default(''),
    Names: z.array(z.string()).nullish(),
    Labels: z.record(z.string(), z.string()).nullish(),
    Ports: z
      .array(
        z.object({
          IP: z.string().nullish(),
          PublicPort: z.number().nullish(),
          Type: z.string().default('tcp'),
        }),
      )
      .nullish(),
  }),
);

export interface RunningContainer {
  readonly id: string;
  readonly name: string;
  /** For a person. */
  readonly text: string;
  /** Its Compose project and service; empty for one that Compose did not make. */
  readonly project: string;
  readonly service: string;
  /** The Compose files that it was made from. */
  readonly files: readonly string[];
  /** What it has of this machine, as `5432/tcp`, where that meets with loopback. */
  readonly published: readonly string[];
}

export type Publisher = Pick<RunningContainer, 'name' | 'text'>;

/** By `5432/tcp`, the container that has it. */
export type Publishers = ReadonlyMap<string, Publisher>;

/** Addresses that meet with what is published on loopback, or on every address. */
const MEETING = /^(|0\.0\.0\.0|127\..*|::1?)$/;

/** Lists those that run. Empty where the engine does not tell. */
export async function listPublishers(engine: EngineClient): Promise<Publishers> {
  const running = await listRunning(engine).catch(() => []);
  return new Map(running.flatMap((each) => each.published.map((port) => [port, each])));
}

/** Lists the containers that run, paused ones too. @throws PortrampError ENGINE_UNREACHABLE */
export async function listRunning(engine: EngineClient): Promise<RunningContainer[]> {
  const read = rows.safeParse(await engine.get('/containers/json'));
  return (read.data ?? []).map(({ Id: id, Names, Labels, Ports }) => {
    const folder = Labels?.[`${LABEL}.project.working_dir`];
    const name = (Names?.[0] ?? '').replace(/^\//, '');
    const place = folder === undefined ? '' : ` (started in ${folder})`;
    const published = (Ports ?? []).flatMap(({ IP, PublicPort, Type }) =>
      typeof PublicPort === 'number' && MEETING.test(IP ?? '') ? [`${PublicPort}/${Type}`] : [],
    );
    return {
      id,
      name,
      text: `the container ${name}${place}`,
      project: Labels?.[`${LABEL}.project`] ?? '',
      service: Labels?.[`${LABEL}.service`] ?? '',
      files: Labels?.[`${LABEL}.project.config_files`]?.split(',') ?? [],
      published: [...new Set(published)],
    };
  });
}
