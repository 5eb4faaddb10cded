/** Tells the brakes of `watch` when a service starts. */
import type { ResolvedService } from '../../plan/plan.ts';
import type { LaunchResult } from '../replica-options.ts';
import type { Brakes } from './brakes.ts';

/** Launches an instance of the service; a task is on its way until it has ended. */
export async function launchBraked(
  brakes: Pick<Brakes, 'starting'>,
  { name, kind }: Pick<ResolvedService, 'name' | 'kind'>,
  launch: () => Promise<LaunchResult>,
): Promise<LaunchResult> {
  const over = brakes.starting(name);
  let result: LaunchResult;
  try {
    result = await launch();
  } catch (error) {
    over();
    throw error;
  }
  if (kind === 'task' && 'ok' in result && result.ok) void result.instance.exited.then(over);
  else over();
  return result;
}
