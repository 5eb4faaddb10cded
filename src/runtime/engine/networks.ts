/** Networks of Compose projects that cannot be removed, because containers of somebody else are on them. */
import { z } from 'zod';

import { shellWord } from '../../lib/shell-word.ts';
import type { EngineClient } from './client.ts';

export interface UsedNetwork {
  readonly name: string;
  /** Names of the containers that are on the network now: one that does not run keeps none from being removed. */
  readonly containers: readonly string[];
}

const rows = z.array(z.object({ Id: z.string() }));
const details = z.object({
  Name: z.string(),
  Containers: z.record(z.string(), z.object({ Name: z.string().default('') })).nullish(),
});

/** Lists those of a project that some container is on. @throws PortrampError ENGINE_UNREACHABLE */
export async function usedNetworksOf(engine: EngineClient, project: string): Promise<UsedNetwork[]> {
  const filters = JSON.stringify({ label: [`com.docker.compose.project=${project}`] });
  // A list tells of no containers.
  const listed = rows.parse(await engine.get('/networks', { filters }));
  const found = await Promise.all(listed.map(({ Id }) => findUsed(engine, Id)));
  return found.flatMap((network) => network ?? []);
}

/** Undefined for a network that no container is on, or that is gone. @throws PortrampError ENGINE_UNREACHABLE */
export async function findUsed(engine: EngineClient, id: string): Promise<UsedNetwork | undefined> {
  const { data } = details.safeParse(await engine.get(`/networks/${id}`));
  const containers = Object.entries(data?.Containers ?? {}).map(([key, { Name }]) => Name || key);
  return data === undefined || containers.length === 0 ? undefined : { name: data.Name, containers };
}

/** For a person: what is kept, why, and what to type. */
export function describeUsed({ name, containers }: UsedNetwork): string {
  const [first] = containers;
  const who = containers.length === 1 ? `the container ${first} is` : `${containers.join(', ')} are`;
  const network = shellWord(name);
  const words = [...containers.map((each) => `disconnect ${network} ${each}`), `rm ${network}`];
  const command = words.map((each) => `docker network ${each}`).join(' && ');
  return `kept the network ${name}: ${who} on it; "${command}" removes it`;
}
