import type { Command } from 'commander';

import { locateHome } from '../../lib/home.ts';
import type { ComposeStack } from '../../stack/compose/prepare.ts';
import { notice, print, printJson } from '../terminal.ts';
import { withStackOptions, type StackOptions } from '../workspace.ts';

interface OverrideOptions extends StackOptions {
  readonly file?: string[];
  readonly write?: boolean;
  readonly json?: boolean;
}

export function defineOverride(program: Command): void {
  withStackOptions(program.command('override'))
    .summary('print the Compose override of this stack')
    .description(
      'Print the Compose file that gives this stack ports and names of its own. Needs no contract, and no engine.',
    )
    .option('-f, --file <path...>', 'Compose files, the base first; default: those that Compose finds')
    .option('--write', 'write it to the state folder and print its path')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  portramp override\n  docker compose -f compose.yaml -f "$(portramp override --write)" up -d',
    )
    .action((_options: unknown, command: Command) => override(command.optsWithGlobals()));
}

async function override(options: OverrideOptions): Promise<void> {
  const { openComposeStack } = await import('../compose-stack.ts');
  const { storeOverride } = await import('../../stack/compose/store.ts');
  const { demandProfiles, findStrongerName } = await import('../../stack/compose/choices.ts');
  const { findComposeIfAny } = await import('../../stack/compose/contract.ts');
  const { parseComposeArguments } = await import('../../runtime/compose/arguments.ts');
  const words = (options.file ?? []).flatMap((file) => ['-f', file]);
  const prepared = await openComposeStack(
    options,
    parseComposeArguments(words),
    await findComposeIfAny(process.env),
  );
  const { withoutServices } = await import('../../compose/part.ts');
  const { project, call, override: plan } = prepared;
  demandProfiles(withoutServices(project, plan.omitted), call.profiles);
  for (const text of prepared.notices) notice(text);
  const stronger = findStrongerName(prepared.override.name, prepared.variables);
  if (stronger !== undefined) notice(stronger);
  for (const name of prepared.override.omitted) {
    notice(`${name} is not in it: all branches share it, in a project of its own`);
  }
  const path = options.write ? await storeOverride(locateHome(), prepared) : undefined;
  if (options.json) printJson(describe(prepared, path));
  else if (path !== undefined) print(path);
  else print(prepared.text.trimEnd());
}

const describe = ({ stack, project, files, override: plan }: ComposeStack, path: string | undefined) => ({
  version: 1,
  workspace: stack.workspace,
  stack: stack.slug,
  project: project.name,
  files,
  ...(path === undefined ? {} : { override: path }),
  ports: plan.published.map(({ service, target, protocol, number, span, published }) => ({
    service,
    target,
    protocol,
    port: number,
    ...(span === 1 ? {} : { ports: span }),
    ...(published === undefined ? {} : { original: published }),
  })),
  names: plan.pins.map(({ kind, name, what, pinned, released }) => ({ kind, name, what, pinned, released })),
  ...(plan.omitted.size === 0 ? {} : { shared: [...plan.omitted] }),
  findings: plan.findings,
});
