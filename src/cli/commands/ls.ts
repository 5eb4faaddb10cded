import type { Command } from 'commander';

import { locateHome } from '../../lib/home.ts';
import { isHalted } from '../../lib/silence.ts';
import { inOneLine } from '../../lib/state-file.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { RunningStack } from '../../protocol/messages.ts';
import { withDaemon, withStartedDaemon } from '../daemon-access.ts';
import { findGone } from '../gone.ts';
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
  // What is remembered is the daemon's to tell, also after the machine was started anew.
  const ask = options.all && !(await areRunnersAlive()) ? withStartedDaemon : withDaemon;
  const { answer, left } = await ask(async (client: DaemonClient | undefined) => {
    const answer = await client?.request('list', { all: options.all ?? false });
    if (answer === undefined || client === undefined || !options.all) return { answer, left: NOTHING_LEFT };
    return { answer, left: await findLeft(client, answer.stacks) };
  });
  const stacks = (answer?.stacks ?? []).map(withSilence);
  const gone = await findGone(stacks);
  const projects = await projectsOf(stacks);
  const unserved = answer === undefined ? await listUnserved() : [];
  if (options.json) {
    printJson({
      version: 1,
      front: answer?.front ?? {},
      stacks: stacks.map((stack) => ({
        ...stackJson(stack),
        ...(gone.has(stack.root) ? { gone: true } : {}),
        ...(projects.has(stack) ? { composeProject: projects.get(stack) } : {}),
        ...left.containersOf(stack).json,
      })),
      ...(options.all ? left.json : {}),
    });
    left.problems.forEach(notice);
    unserved.forEach(notice);
    return;
  }
  if (unserved.length > 0) return unserved.forEach((line) => print(line));
  if (answer?.front.problem !== undefined) notice(`front: ${answer.front.problem}`);
  print(
    stacks.length === 0
      ? 'Nothing is running. Start a stack with "portramp dev".'
      : renderStacks(stacks, (stack) => ({
          isGone: gone.has(stack.root),
          project: projects.get(stack),
          remains: left.containersOf(stack).text,
        })),
  );
  left.texts.forEach(print);
  left.problems.forEach(notice);
}

/** Names the Compose projects of stacks that were started in another one than their files name. */
async function projectsOf(stacks: readonly RunningStack[]): Promise<ReadonlyMap<RunningStack, string>> {
  // Of a stack at rest nobody knows whether it has containers.
  const mayHave = stacks.filter(
    ({ pid, services }) => pid === undefined || services.some(({ kind }) => kind === 'compose'),
  );
  if (mayHave.length === 0) return new Map();
  const { findOtherProjects } = await import('../other-project.ts');
  return findOtherProjects(mayHave);
}

/** Report of what stacks have left in the container engine: as JSON, as lines, and what kept it from being looked for. */
interface Left {
  readonly json: { readonly leftovers: readonly unknown[]; readonly doubtful: readonly unknown[] };
  readonly texts: readonly string[];
  readonly problems: readonly string[];
  /** Containers of stacks that have no runner. */
  containersOf(stack: RunningStack): { readonly json?: object; readonly text?: string };
}

const NOTHING_LEFT: Left = {
  json: { leftovers: [], doubtful: [] },
  texts: [],
  problems: [],
  containersOf: () => ({}),
};

async function findLeft(client: DaemonClient, stacks: readonly RunningStack[]): Promise<Left> {
  const words = await import('../leftovers.ts');
  const { containerJson, describeContainers, findUnattended } = await import('../unattended.ts');
  const unattended = await findUnattended(client, stacks);
  const left: Left = {
    ...NOTHING_LEFT,
    texts: unattended.texts,
    containersOf: ({ slug, pid }) => {
      const containers = pid === undefined ? unattended.of.get(slug) : undefined;
      if (containers === undefined) return {};
      return {
        json: { containers: containers.map(containerJson) },
        text: `${describeContainers(containers)} — portramp down ${slug}`,
      };
    },
  };
  const found = await words.findInEngine(client);
  if (found === undefined) return left;
  if ('problem' in found) return { ...left, problems: [found.problem] };
  const { leftovers, doubtful } = found;
  return {
    ...left,
    json: {
      leftovers: leftovers.map(words.reportLeftover),
      doubtful: doubtful.map(words.reportDoubtful),
    },
    texts: [...left.texts, ...leftovers.map(words.describeGone), ...doubtful.map(words.describeDoubtful)],
  };
}

async function areRunnersAlive(): Promise<boolean> {
  const { listLiveRuns } = await import('../../runtime/runs/clean.ts');
  return (await listLiveRuns(locateHome().runs)).live.length > 0;
}

/** What is to be said where no daemon runs although stacks do: their runners look for one. */
async function listUnserved(): Promise<string[]> {
  const { listLiveRuns } = await import('../../runtime/runs/clean.ts');
  const { live: runs, problems } = await listLiveRuns(locateHome().runs);
  const unknown = problems.map((problem) => `${inOneLine(problem)}: whether its stack runs is not known`);
  if (runs.length === 0) return unknown;
  return [
    ...unknown,
    'The daemon is not running, so that no host name leads to these stacks, which go on:',
    ...runs.map(({ root, runner }) => `  ${root}  pid ${runner.pid}`),
    '"portramp daemon start" starts it, or says why it cannot.',
  ];
}

/** Marks a runner that is held at this moment: the daemon asks each only now and then. */
const withSilence = (stack: RunningStack): RunningStack =>
  stack.pid !== undefined && isHalted(stack.pid) ? { ...stack, silent: true } : stack;
