import type { Command } from 'commander';

import { findDaemon, findRunningStack } from '../daemon-access.ts';
import { until } from '../stack-watch.ts';
import { print, printJson } from '../terminal.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { RunningStack } from '../../protocol/messages.ts';

export function defineDown(program: Command): void {
  withStackOptions(program.command('down'))
    .summary('stop this stack, in order')
    .description('Stop this stack: consumers before providers. Returns when nothing of it runs any more.')
    .option('--all', 'every running stack of this machine')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  portramp down --all')
    .action((_options: unknown, command: Command) => down(command.optsWithGlobals()));
}

async function down(options: StackOptions & { all?: boolean; json?: boolean }): Promise<void> {
  const key = options.all ? undefined : await locateStack(options);
  const client = await findDaemon();
  const stopped: Pick<RunningStack, 'slug'>[] = [];
  if (client !== undefined) {
    const running = key === undefined ? await runningStacks(client) : await findRunningStack(client, key);
    const found = [running ?? []].flat();
    stopped.push(...found);
    await Promise.all(found.map((stack) => downOne(client, stack)));
    client.close();
  }
  if (key !== undefined && stopped.length === 0) {
    const { removeContainers } = await import('../left-containers.ts');
    const slug = await removeContainers(key);
    if (slug !== undefined) stopped.push(slug);
  }
  if (options.json) printJson({ version: 1, stopped: stopped.map((stack) => stack.slug) });
  else if (stopped.length === 0) print('Nothing was running.');
  else for (const stack of stopped) print(`${stack.slug} is down`);
}

async function runningStacks(client: DaemonClient): Promise<RunningStack[]> {
  const { stacks } = await client.request('list', {});
  return stacks.filter((stack) => stack.pid !== undefined);
}

async function downOne(client: DaemonClient, stack: RunningStack): Promise<void> {
  const key = { root: stack.root, environment: stack.environment };
  await client.request('command', { stack: key, command: { action: 'down' } });
  await until(client, key, (current) => current === undefined);
}
