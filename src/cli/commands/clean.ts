import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Command } from 'commander';

import { systemClock } from '../../lib/clock.ts';
import { locateHome } from '../../lib/home.ts';
import { PortrampError } from '../../lib/errors.ts';
import { describeEntryError } from '../../lib/state-file.ts';
import { isFolderGone } from '../../lib/gone-folder.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { cleanRuns } from '../../runtime/runs/clean.ts';
import { findRunningStack, withStartedDaemon } from '../daemon-access.ts';
import { runnerLogOf } from '../dev/report.ts';
import { notice, print, printJson, sayProblem } from '../terminal.ts';
import { findStackByName } from '../workspace.ts';
import type { LastingClient } from '../lasting.ts';
import { downOne } from './down.ts';

export function defineClean(program: Command): void {
  program
    .command('clean [stack...]')
    .summary('forget stacks whose checkout is gone')
    .description(
      'End what a crash has left running, and forget stacks whose checkout is gone: their names, port leases and logs. Those that still run are stopped first, and their containers and networks are removed. With names of stacks only these, with --all also every other stack that is not running.',
    )
    .option('--all', 'every stack that is not running: the next "dev" may give it other names')
    .option('--volumes', 'also the data that such stacks left in volumes of the container engine')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  git worktree remove ../shop-auth && portramp clean')
    .action(clean);
}

interface CleanOptions {
  readonly all?: boolean;
  readonly volumes?: boolean;
  readonly json?: boolean;
}

async function clean(names: readonly string[], options: CleanOptions): Promise<void> {
  await withStartedDaemon(async (client) => {
    await stopWithoutFolder(client);
    const named = await Promise.all(names.map((name) => findAtRest(client, name)));
    const idle = names.length > 0 ? named : options.all ? await stacksAtRest(client) : undefined;
    const { cleaned: ended, problems: unread } = await cleanRuns(locateHome().runs);
    const { cleanEngine, describeDoubtful, findInEngine, reportCleaned, reportDoubtful } =
      await import('../leftovers.ts');
    // Before anything is forgotten: what is known of a stack says where its checkout was.
    const engine = await findInEngine(client);
    const unasked = engine !== undefined && 'problem' in engine ? [engine.problem] : [];
    const found = engine === undefined || 'problem' in engine ? undefined : engine;
    const { forgotten } = await client.request('forget', idle === undefined ? {} : { stacks: idle });
    const { tasks } = locateHome();
    const memory = forgotten.flatMap(({ slug }) => [`${slug}.json`, `${slug}.starts.json`]);
    const { forgetStarted } = await import('../../stack/compose/started.ts');
    for (const key of forgotten) if (await isFolderGone(key.root)) await forgetStarted(locateHome(), key);
    const remembered = await removeAll(
      memory.map((name) => join(tasks, name)),
      { recursive: false },
    );
    const logs = await removeAll(await listLeftovers(client, forgotten.map(runnerLogOf)), {
      recursive: true,
    });
    const { removed } = logs;
    const problems = [...unread, ...remembered.problems, ...logs.problems];
    if (problems.length + unasked.length > 0) process.exitCode = 1;
    const { leftovers = [], doubtful = [] } = found ?? {};
    const quiet = options.json === true;
    const withData = options.volumes ?? (quiet ? false : undefined);
    const cleaned = found === undefined ? [] : await cleanEngine(found, { volumes: withData, quiet });
    unasked.forEach(notice);
    if (quiet) {
      const told = cleaned.map(reportCleaned);
      const doubts = doubtful.map(reportDoubtful);
      printJson({ version: 1, forgotten, removed, ended, leftovers: told, doubtful: doubts });
      return problems.forEach(sayProblem);
    }
    for (const { root, found, left } of ended) {
      const rest = left === 0 ? '' : `; ${left} could not be ended: they belong to another user`;
      print(`ended ${found} processes that a crash in ${root} left behind${rest}`);
    }
    for (const each of doubtful) print(describeDoubtful(each));
    const all = [forgotten, removed, ended, leftovers, doubtful, unasked, problems];
    if (all.every((each) => each.length === 0))
      print('Nothing to clean: every stack that portramp knows has its checkout.');
    for (const stack of forgotten) print(`forgot ${stack.slug} (${stack.root})`);
    for (const path of removed) print(`removed ${path}`);
    problems.forEach(sayProblem);
  });
}

/** Stops the stacks that run on in a folder that is gone. */
async function stopWithoutFolder(client: LastingClient): Promise<void> {
  const { stacks } = await client.request('list', {});
  const gone = await Promise.all(stacks.map(({ root }) => isFolderGone(root)));
  // One that ends by itself meanwhile has nobody who answers.
  await Promise.allSettled(stacks.filter((_, index) => gone[index]).map((stack) => downOne(client, stack)));
}

/** @throws {PortrampError} for a stack that runs, or that there is not */
async function findAtRest(client: DaemonClient, name: string): Promise<StackKey> {
  const key = await findStackByName(name);
  const running = await findRunningStack(client, key);
  if (running === undefined) return key;
  throw new PortrampError('STACK_RUNNING', `the stack ${name} runs in ${key.root}`, {
    hint: `portramp down ${name}`,
  });
}

async function stacksAtRest(client: DaemonClient) {
  const { stacks } = await client.request('list', { all: true });
  return stacks
    .filter((stack) => stack.pid === undefined)
    .map(({ root, environment }) => ({ root, environment }));
}

/** A runner's log that was written to since then may belong to a stack that has no name yet. Milliseconds. */
const SETTLED_AGE = 60_000;

/** Finds logs of stacks that nobody knows: of those just forgotten, and after a ledger was lost. Returns their paths. */
async function listLeftovers(client: DaemonClient, forgotten: readonly string[]): Promise<string[]> {
  const { logs, runners } = locateHome();
  // Listed before the stacks are: a folder that appears meanwhile is none of these.
  const folders = await readdir(logs).catch(() => []);
  const files = await readdir(runners).catch(() => []);
  const { stacks } = await client.request('list', { all: true });
  const slugs = new Set(stacks.map(({ slug }) => slug));
  const kept = new Set(stacks.map(runnerLogOf));
  const removed = folders.filter((name) => !slugs.has(name)).map((name) => join(logs, name));
  for (const path of files.filter((name) => !kept.has(name)).map((name) => join(runners, name))) {
    const changed = await stat(path).catch(() => undefined);
    const isForgotten = forgotten.some((name) => path === join(runners, name));
    if (isForgotten) removed.push(path);
    else if (changed !== undefined && systemClock.wallTime() - changed.mtimeMs > SETTLED_AGE)
      removed.push(path);
  }
  return removed;
}

/** Removes files and folders of the state folder; what cannot be removed keeps nothing else from it. */
async function removeAll(paths: readonly string[], { recursive }: { readonly recursive: boolean }) {
  const removed: string[] = [];
  const problems: PortrampError[] = [];
  for (const path of paths) {
    try {
      await rm(path, { recursive, force: true });
      removed.push(path);
    } catch (error) {
      problems.push(describeEntryError('cannot remove', path, error));
    }
  }
  return { removed, problems };
}
