import type { Command } from 'commander';

import { PortrampError, messageOf } from '../../lib/errors.ts';
import { isSameStack, withDaemon } from '../daemon-access.ts';
import type { LastingClient } from '../lasting.ts';
import type { VolumeOutcome } from '../stack-data.ts';
import { untilPublished } from '../stack-watch.ts';
import { notice, print, printJson } from '../terminal.ts';
import { untilThrough } from '../waiting/through.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { RunningStack, StackKey } from '../../protocol/messages.ts';

export function defineDown(program: Command): void {
  withStackOptions(program.command('down [stack]'))
    .summary('stop this stack, or another by its name, in order')
    .description('Stop this stack: consumers before providers. Returns when nothing of it runs any more.')
    .option('--all', 'every running stack of this machine')
    .option('--volumes', 'also the data of this stack in volumes of the container engine')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExamples:\n  portramp down\n  portramp down shop-feature\n  portramp down --all')
    .action((stack: string | undefined, _options: unknown, command: Command) =>
      down({ ...command.optsWithGlobals(), ...(stack === undefined ? {} : { stack }) }),
    );
}

async function down(
  options: StackOptions & { all?: boolean; volumes?: boolean; json?: boolean },
): Promise<void> {
  if (options.all && options.volumes) {
    throw new PortrampError('USAGE', '--volumes is for one stack, not for all', {
      hint: 'portramp down STACK --volumes',
    });
  }
  const key = options.all ? undefined : await locateStack(options, true);
  if (key !== undefined && process.env['COMPOSE_PROJECT_NAME'] !== undefined) {
    const { demandStartedProject } = await import('../started-project.ts');
    await demandStartedProject(key, options.volumes ? ['down', '--volumes'] : ['down']);
  }
  const { stopped, failures } = await withDaemon<Ended>(async (client) => {
    if (client === undefined) return { stopped: [], failures: [] };
    const stacks = await chooseStacks(client, key);
    const ends = await Promise.allSettled(stacks.map((stack) => downOne(client, stack)));
    return {
      stopped: stacks.filter((_, index) => ends[index]?.status === 'fulfilled'),
      failures: ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : [])),
    };
  });
  if (key !== undefined && stopped.length + failures.length === 0) {
    const { demandNothingLeft, removeContainers } = await import('../left-containers.ts');
    const left = await removeContainers(key, notice);
    if (left === undefined) await demandNothingLeft(key);
    else stopped.push(left);
  }
  const volumes: VolumeOutcome[] = [];
  if (key !== undefined && options.volumes && failures.length === 0) {
    const { removeData } = await import('../stack-data.ts');
    const removal = await removeData(key, notice);
    volumes.push(...removal.volumes);
    if (removal.failure !== undefined) failures.push(removal.failure);
  }
  if (options.all) {
    const { removeUnattended } = await import('../left-containers.ts');
    const left = await removeUnattended(notice);
    stopped.push(...left.removed);
    failures.push(...left.failures);
  }
  if (!options.volumes) volumes.push(...(await tellKept(stopped, options.json === true)));
  if (options.json) printJson({ version: 1, stopped: stopped.map((stack) => stack.slug), volumes });
  else if (stopped.length + failures.length === 0) print('Nothing was running.');
  else for (const stack of stopped) print(`${stack.slug} is down`);
  if (failures.length > 0) throw mergeFailures(failures);
}

/** Says what data there is still of the stacks, or lists it for programs. */
async function tellKept(
  stopped: readonly { readonly slug: string }[],
  json: boolean,
): Promise<VolumeOutcome[]> {
  if (stopped.length === 0) return [];
  const { listKeptData, tellKeptData } = await import('../kept-data.ts');
  const kept: VolumeOutcome[] = [];
  for (const { slug } of stopped)
    if (json) kept.push(...((await listKeptData(slug)) ?? []));
    else await tellKeptData(slug, notice);
  return kept;
}

/** What has come of it. */
interface Ended {
  readonly stopped: Pick<RunningStack, 'slug'>[];
  readonly failures: unknown[];
}

/** One that cannot be stopped does not keep the others from it; each is named. */
function mergeFailures(failures: readonly unknown[]): unknown {
  const [first] = failures;
  if (failures.length === 1 || !(first instanceof PortrampError)) return first;
  return new PortrampError(first.code, failures.map(messageOf).join('; '), { hint: first.hint });
}

async function chooseStacks(client: DaemonClient, key: StackKey | undefined): Promise<RunningStack[]> {
  const { stacks } = await client.request('list', {});
  return stacks.filter((stack) => stack.pid !== undefined && (key === undefined || isSameStack(stack, key)));
}

/** @throws PortrampError ENGINE_UNREACHABLE when containers of it are still there */
export async function downOne(client: LastingClient, stack: RunningStack): Promise<void> {
  const key = { root: stack.root, environment: stack.environment };
  await untilPublished(client, key);
  await client.request('command', { stack: key, command: { action: 'down' } });
  const before = new Set(stack.problems);
  const told = new Set<string>();
  let left: RunningStack['left'];
  await untilThrough(client, key, (current) => {
    left = current?.left ?? left;
    for (const text of current?.problems ?? []) if (!before.has(text)) told.add(text);
    return current === undefined;
  });
  for (const text of told) notice(text);
  if (left === undefined) return;
  throw new PortrampError(
    'ENGINE_UNREACHABLE',
    `containers of ${stack.slug} were not removed: ${left.message}`,
    {
      hint: left.hint,
    },
  );
}
