/** The end of a container whose service the files do not have any more. */
import type { StartFailure } from '../instance.ts';
import { ask, type ProjectCalls } from './calls.ts';
import { listContainers } from './containers.ts';

/** Removes it; one that mounts data without a name is only stopped, because nothing else leads to that when the service is back. */
export async function removeLost(
  { byLabels }: ProjectCalls,
  service: string,
  timeout: number,
): Promise<StartFailure | undefined> {
  const own = (await listContainers(byLabels)).filter((each) => each.service === service);
  const holdsData = own.some(({ nameless }) => nameless.length > 0);
  return ask(byLabels, [...(holdsData ? ['stop'] : ['rm', '--force', '--stop']), service], timeout);
}
