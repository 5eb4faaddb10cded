/** The containers of a project that Compose is called for. */
import { PortrampError } from '../../lib/errors.ts';
import { createEngineClient, type EngineClient } from '../engine/client.ts';
import { containersOf, isAlive, killContainer, type Container } from '../engine/containers.ts';
import { runCompose, type ComposeCall } from './resolve.ts';

/** The engine that Compose would ask. */
export const engineOf = ({ environment, binary }: ComposeCall): EngineClient =>
  createEngineClient(environment, binary.command[0]);

/** Lists them, stopped ones too. @throws PortrampError ENGINE_UNREACHABLE */
export async function listContainers(call: ComposeCall): Promise<Container[]> {
  return containersOf(engineOf(call), projectOf(call));
}

/** Ends those that run at once; what cannot be ended so is left to whoever stops or removes it. */
export async function killContainers(call: ComposeCall, containers: readonly Container[]): Promise<void> {
  const engine = engineOf(call);
  await Promise.allSettled(containers.filter(isAlive).map(({ id }) => killContainer(engine, id)));
}

/** What the project is called. */
export function projectOf({ projectName }: ComposeCall): string {
  if (projectName === undefined) throw new PortrampError('INTERNAL', 'a Compose project has no name');
  return projectName;
}

/** Milliseconds. */
const CONFIG_TIMEOUT = 20_000;

/** What the `configHash` of a container is when it is as the files say; undefined where Compose does not tell. */
export async function hashOf(call: ComposeCall, service: string): Promise<string | undefined> {
  const { code, stdout } = await runCompose(call, ['config', '--hash', service], { timeout: CONFIG_TIMEOUT });
  return code === 0 ? stdout.trim().split(' ')[1] : undefined;
}
