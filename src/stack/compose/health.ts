/** Whether a service is well, as far as the engine can tell. Pure. */
import type { ResolvedPort } from '../../plan/plan.ts';
import { describeDetachment, findDetachment } from '../../runtime/compose/detached.ts';
import type { Container } from '../../runtime/engine/containers.ts';

export interface ServiceContainers {
  /** In the contract. */
  readonly name: string;
  readonly containers: readonly Container[];
  readonly ports: readonly Pick<ResolvedPort, 'container' | 'targetPort'>[];
  /** Networks that they are to be on, by the names that the engine has for them. */
  readonly networks: readonly string[];
}

/** Undefined where the engine knows nothing against it. */
export function findContainerProblem(service: ServiceContainers): string | undefined {
  const { containers } = service;
  if (containers.length === 0) return 'the engine knows no container of it';
  for (const container of containers) {
    const { state, name } = container;
    const detachment = state === 'running' ? findDetachment(container, service.networks) : undefined;
    if (detachment !== undefined) return describeDetachment(name, service.name, detachment);
    if (state === 'restarting') return describeLoop(container);
    if (state === 'paused') return `its container is paused: docker unpause ${name}`;
  }
  const running = containers.filter(({ state }) => state === 'running');
  if (running.length === 0) return `its container is ${containers[0]?.state ?? 'gone'}`;
  return findWrongPort(service, running);
}

function describeLoop({ outOfMemory }: Container): string {
  const again = 'and the engine starts it again and again';
  return outOfMemory
    ? `it ends, because it uses more memory than it may, ${again}: raise its memory limit (mem_limit, deploy.resources.limits) in the Compose file`
    : `it ends, ${again}`;
}

/** What the healthchecks say of those that run; undefined when all are well. */
export function findIllness(containers: readonly Container[]): string | undefined {
  const sick = containers.find(({ state, health }) => state === 'running' && health !== 'healthy');
  return sick === undefined ? undefined : `its healthcheck says: ${sick.health || sick.state}`;
}

/** Who started the container otherwise than portramp would may have published it elsewhere, or not at all. */
function findWrongPort(
  { name, ports }: ServiceContainers,
  running: readonly Container[],
): string | undefined {
  const publications = running.flatMap((container) => container.publications);
  for (const { container: target, targetPort } of ports) {
    if (target === undefined) continue;
    const found = publications.filter((each) => each.target === `${target}/tcp`);
    if (found.some(({ number }) => number === targetPort)) continue;
    const numbers = [...new Set(found.map(({ number }) => number))].join(', ');
    const where = numbers === '' ? 'on no port of this machine' : `on port ${numbers}`;
    return `its container publishes ${target} ${where} instead of ${targetPort}: somebody else started it so, "portramp restart ${name}" puts it right`;
  }
  return undefined;
}
