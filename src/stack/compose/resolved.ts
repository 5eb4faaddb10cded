/** Whether containers could be started again from what the files say now. */
import { readProject } from '../../compose/model.ts';
import { PortrampError, messageOf } from '../../lib/errors.ts';
import type { ResolvedService } from '../../plan/plan.ts';
import type { ProjectCalls } from '../../runtime/compose/calls.ts';
import { resolveProject } from '../../runtime/compose/resolve.ts';
import type { Projects } from './projects.ts';

/**
 * Asks Compose, as a start will, before anything is stopped: somebody may be in the middle of an edit.
 * @throws PortrampError COMPOSE_INVALID
 */
export async function demandResolved(
  projects: Projects | undefined,
  services: readonly ResolvedService[],
): Promise<void> {
  if (projects === undefined) return;
  const namesOf = (scope: 'stack' | 'workspace'): string[] =>
    services.flatMap(({ service }) =>
      service.kind === 'compose' && service.scope === scope ? [service.compose] : [],
    );
  await demandFrom(projects.own, namesOf('stack'));
  if (projects.shared !== undefined) await demandFrom(projects.shared, namesOf('workspace'));
}

/** Whether the files say how the service is started. */
export const resolves = (projects: Projects | undefined, service: ResolvedService): Promise<boolean> =>
  demandResolved(projects, [service]).then(
    () => true,
    () => false,
  );

async function demandFrom({ call }: ProjectCalls, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  try {
    const { services } = readProject((await resolveProject(call)).json);
    const gone = names.find((name) => !services.has(name));
    if (gone !== undefined)
      throw new PortrampError('COMPOSE_INVALID', `it has no service "${gone}" any more`);
  } catch (error) {
    const hint = error instanceof PortrampError ? error.hint : undefined;
    throw new PortrampError(
      'COMPOSE_INVALID',
      `the Compose file does not resolve, so nothing was stopped: ${messageOf(error)}`,
      { hint: hint ?? 'correct the file, and ask again', cause: error },
    );
  }
}
