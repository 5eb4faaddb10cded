import type { Command } from 'commander';

import { locateHome } from '../../lib/home.ts';
import type { ComposeArguments } from '../../runtime/compose/arguments.ts';
import type { Attempt } from '../../runtime/compose/up.ts';
import type { SharedContainers } from '../shared-containers.ts';
import { notice } from '../terminal.ts';
import type { StackOptions } from '../workspace.ts';

export function defineCompose(program: Command): void {
  program
    .command('compose [args...]')
    .summary('run docker compose for this stack')
    .description(
      'Run docker compose with the ports and names of this stack. Everything after "compose" is passed on; exit code and signals are those of docker compose.',
    )
    .addHelpText('after', '\nExamples:\n  portramp compose up -d\n  portramp compose logs -f web')
    .action((words: string[], _options: unknown, command: Command) =>
      compose(words, command.optsWithGlobals()),
    );
}

/** Commands that concern no project. */
const WITHOUT_PROJECT = ['version', 'ls', 'help', 'completion'];

/** Commands at which a person wants to know what is special about this stack. */
const SPEAKING = ['up', 'create', 'config'];

async function compose(words: readonly string[], options: StackOptions): Promise<void> {
  const { parseComposeArguments } = await import('../../runtime/compose/arguments.ts');
  const parsed = parseComposeArguments(words);
  process.exitCode = concernsProject(parsed)
    ? await runForStack(parsed, options)
    : await runPlain(words, options);
}

const concernsProject = ({ command, rest }: ComposeArguments): boolean =>
  command !== undefined &&
  !WITHOUT_PROJECT.includes(command) &&
  !rest.some((word) => /^(-h|--help)$/.test(word));

async function runPlain(words: readonly string[], options: StackOptions): Promise<number> {
  const { findCompose } = await import('../../runtime/compose/binary.ts');
  const { runInTerminal } = await import('../../runtime/compose/run.ts');
  const { command } = await findCompose(process.env);
  return runInTerminal({
    command: [...command, ...words],
    cwd: options.dir ?? process.cwd(),
    environment: process.env,
  });
}

async function runForStack(parsed: ComposeArguments, options: StackOptions): Promise<number> {
  const { openComposeStack, whoHolds } = await import('../compose-stack.ts');
  const { createDataOwner } = await import('../../stack/compose/owner.ts');
  const { storeOverride } = await import('../../stack/compose/store.ts');
  const { runInTerminal } = await import('../../runtime/compose/run.ts');
  const { findCompose } = await import('../../runtime/compose/binary.ts');
  const { composeWords } = await import('../../runtime/compose/resolve.ts');
  const { scalesOf } = await import('../../runtime/compose/arguments.ts');
  const { beginUp } = await import('../../runtime/compose/up.ts');
  const { withoutServices } = await import('../../compose/part.ts');
  const { foldersOf } = await import('../../stack/compose/naming.ts');
  const binary = await findCompose(process.env);
  const prepared = await openComposeStack(options, parsed, binary);
  const isSpeaking = SPEAKING.includes(parsed.command ?? '');
  for (const text of isSpeaking ? prepared.notices : prepared.unheeded) notice(text);
  const call = {
    ...prepared.call,
    binary,
    files: [...prepared.files, await storeOverride(locateHome(), prepared, scalesOf(parsed))],
  };
  const { openShared } = await import('../shared-containers.ts');
  const shared = await openShared(prepared, call, parsed, whoHolds);
  // What one command calls its project is for that command.
  const isStart = prepared.prepared !== undefined && parsed.projectName === undefined;
  const attempt =
    shared?.callInstead === undefined
      ? await beginUp({
          call,
          arguments: parsed,
          project: withoutServices(prepared.project, prepared.override.omitted),
          published: prepared.override.published,
          folders: foldersOf(prepared),
          data: createDataOwner(locateHome(), prepared, call, isStart),
          describeHolder: whoHolds,
          say: notice,
        })
      : undefined;
  const asked = shared?.callInstead ?? call;
  const code = await around(shared, attempt, () =>
    runInTerminal({
      command: [binary.command[0], ...composeWords(asked), parsed.command ?? '', ...parsed.rest],
      cwd: asked.cwd,
      environment: asked.environment,
    }),
  );
  await attempt?.end(code);
  return code;
}

/** What all branches share is there before, and can be reached after it too: Compose may have made containers anew. */
async function around(
  shared: SharedContainers | undefined,
  attempt: Attempt | undefined,
  run: () => Promise<number>,
): Promise<number> {
  try {
    await shared?.before();
  } catch (error) {
    await attempt?.end(1);
    throw error;
  }
  const code = await run();
  if (code === 0) await shared?.after();
  return code;
}
