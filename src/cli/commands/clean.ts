import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Command } from 'commander';

import { locateHome } from '../../lib/home.ts';
import { withStartedDaemon } from '../daemon-access.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import { print, printJson } from '../terminal.ts';

export function defineClean(program: Command): void {
  program
    .command('clean')
    .summary('forget stacks whose checkout is gone')
    .description(
      'Forget stacks whose checkout is gone: their names, port leases and logs. With --all also every other stack that is not running.',
    )
    .option('--all', 'every stack that is not running: the next "dev" may give it other names')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  git worktree remove ../shop-auth && portramp clean')
    .action(clean);
}

async function clean(options: { all?: boolean; json?: boolean }): Promise<void> {
  await withStartedDaemon(async (client) => {
    const idle = options.all ? await stacksAtRest(client) : undefined;
    const { forgotten } = await client.request('forget', idle === undefined ? {} : { stacks: idle });
    const logs = locateHome().logs;
    await Promise.all(forgotten.map((stack) => rm(join(logs, stack.slug), { recursive: true, force: true })));
    if (options.json) printJson({ version: 1, forgotten });
    else if (forgotten.length === 0)
      print('Nothing to clean: every stack that portramp knows has its checkout.');
    else for (const stack of forgotten) print(`forgot ${stack.slug} (${stack.root})`);
  });
}

async function stacksAtRest(client: DaemonClient) {
  const { stacks } = await client.request('list', { all: true });
  return stacks
    .filter((stack) => stack.pid === undefined)
    .map(({ root, environment }) => ({ root, environment }));
}
