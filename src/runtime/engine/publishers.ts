/** The containers that have ports of this machine, of whatever project: what a process table shows as the engine's. */
import { z } from 'zod';

import type { EngineClient } from './client.ts';

const rows = z.array(
  z.object({
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

export interface Publisher {
  readonly name: string;
  /** For a person. */
  readonly text: string;
}

/** By `5432/tcp`, the container that has it. */
export type Publishers = ReadonlyMap<string, Publisher>;

/** Addresses that meet with what is published on loopback, or on every address. */
const MEETING = /^(|0\.0\.0\.0|127\..*|::1?)$/;

/** Lists those that run. Empty where the engine does not tell. */
export async function listPublishers(engine: EngineClient): Promise<Publishers> {
  const read = rows.safeParse(await engine.get('/containers/json').catch(() => undefined));
  const found = new Map<string, Publisher>();
  for (const { Names, Labels, Ports } of read.data ?? []) {
    const folder = Labels?.['com.docker.compose.project.working_dir'];
    const name = (Names?.[0] ?? '').replace(/^\//, '');
    const place = folder === undefined ? '' : ` (started in ${folder})`;
    for (const { IP, PublicPort, Type } of Ports ?? []) {
      if (typeof PublicPort !== 'number' || !MEETING.test(IP ?? '')) continue;
      found.set(`${PublicPort}/${Type}`, { name, text: `the container ${name}${place}` });
    }
  }
  return found;
}
