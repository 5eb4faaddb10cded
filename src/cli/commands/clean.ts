import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Command } from 'commander';

import { locateHome } from '../../lib/home.ts';
import { cleanRuns } from '../../runtime/runs/clean.ts';
import { openDaemon } from '../daemon-access.ts';
import { print, printJson } from '../terminal.ts';

export function defineClean(program: Command): void {
  program
    .command('clean')
    .summary('forget stacks whose checkout is gone')
    .description(
      'End what a crash has left running, and forget stacks whose checkout is gone: their names, port leases and logs. With --all also every other stack that is not running.',
    )
    .option('--all', 'every stack that is not running: the next "dev" may give it other names')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  git worktree remove ../shop-auth && portramp clean')
    .action(clean);
}

async function clean(options: { all?: boolean; json?: boolean }): Promise<void> {
  const client = await openDaemon();
  try {
    const idle = options.all ? await stacksAtRest(client) : undefined;
    const ended = await cleanRuns(locateHome().runs);
    const { forgotten } = await client.request('forget', idle === undefined ? {} : { stacks: idle });
    const { logs, tasks } = locateHome();
    for (const { slug } of forgotten) {
      await rm(join(logs, slug), { recursive: true, force: true });
      await rm(join(tasks, `${slug}.json`), { force: true });
    }
    if (options.json) return printJson({ version: 1, forgotten, ended });
    for (const { root, found, left } of ended) {
      const rest = left === 0 ? '' : `; ${left} could not be ended: they belong to another user`;
      print(`ended ${found} processes that a crash in ${root} left behind${rest}`);
    }
    if (forgotten.length + ended.length === 0)
      print('Nothing to clean: every stack that portramp knows has its checkout.');
    else for (const stack of forgotten) print(`forgot ${stack.slug} (${stack.root})`);
  } finally {
    client.close();
  }
}

async function stacksAtRest(client: Awaited<ReturnType<typeof openDaemon>>) {
  const { stacks } = await client.request('list', { all: true });
  return stacks
    .filter((stack) => stack.pid === undefined)
    .map(({ root, environment }) => ({ root, environment }));
}
