import type { Command } from 'commander';

import { withDaemon } from '../daemon-access.ts';
import { stackJson } from '../render/json.ts';
import { renderStacks } from '../render/stacks.ts';
import { notice, print, printJson } from '../terminal.ts';

export function defineLs(program: Command): void {
  program
    .command('ls')
    .summary('list stacks, services, states, ports and URLs')
    .description('List the running stacks of this machine: services, states, ports, URLs.')
    .option('--all', 'also the stacks that portramp remembers but that are not running')
    .option('--json', 'print one JSON object')
    .addHelpText('after', "\nExample:\n  portramp ls --json | jq -r '.stacks[].services[] | .name'")
    .action(list);
}

async function list(options: { all?: boolean; json?: boolean }): Promise<void> {
  const answer = await withDaemon(async (client) => client?.request('list', { all: options.all ?? false }));
  const stacks = answer?.stacks ?? [];
  if (options.json) {
    printJson({ version: 1, front: answer?.front ?? {}, stacks: stacks.map(stackJson) });
    return;
  }
  if (answer?.front.problem !== undefined) notice(`front: ${answer.front.problem}`);
  print(
    stacks.length === 0 ? 'Nothing is running. Start a stack with "portramp dev".' : renderStacks(stacks),
  );
}
