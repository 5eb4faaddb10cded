import { Option, type Command } from 'commander';

import { PortrampError } from '../../lib/errors.ts';
import { isFolderGone } from '../../lib/gone-folder.ts';
import type { StackKey } from '../../protocol/messages.ts';
import { checkoutGone } from '../daemon-access.ts';
import { DETACHED } from '../dev/report.ts';
import { parseDuration } from '../duration.ts';
import { refuseOwnStack } from '../own-stack.ts';
import { hasColor, notice } from '../terminal.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

export interface DevOptions extends StackOptions {
  readonly detach?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
}

export function defineDev(program: Command): void {
  withStackOptions(program.command('dev [name...]'))
    .summary('run the stack of this checkout')
    .description(
      'Run the stack of this checkout: the named services or groups and what they consume, else the group ' +
        '"default", else everything. Ctrl-C stops it in order, a second Ctrl-C at once. Where it runs already, ' +
        'this shows its logs.',
    )
    .option('-d, --detach', 'in the background; returns when every service is ready or one failed')
    .addOption(
      new Option(
        '--timeout <duration>',
        `with -d, how long it waits at most (default: 10m); what starts goes on`,
      ).argParser(parseDuration),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  portramp dev\n  portramp dev web --env test\n  portramp dev -d && portramp ls',
    )
    .action((names: string[], _options: unknown, command: Command) => dev(names, command.optsWithGlobals()));
}

/** Milliseconds: the first start installs, pulls and builds. */
const DETACHED_TIMEOUT = 10 * 60_000;

async function dev(names: string[], options: DevOptions): Promise<void> {
  const isUntouched = process.env['PORTRAMP'] === '0';
  if (isUntouched && options.detach) {
    throw new PortrampError('USAGE', 'PORTRAMP=0 runs the commands in this terminal, not in the background', {
      hint: 'leave out -d, or unset PORTRAMP',
    });
  }
  if (options.timeout !== undefined && !options.detach) {
    throw new PortrampError(
      'USAGE',
      '--timeout is how long "dev -d" waits; in this terminal nothing is waited for',
      {
        hint: 'add -d, or leave out --timeout',
      },
    );
  }
  const key = await locateStack(options);
  // Whoever is in a folder has a checkout; a name outlives its own.
  if (options.stack !== undefined && (await isFolderGone(key.root))) throw checkoutGone(key.root);
  if (isUntouched) {
    const { runUntouched } = await import('../dev/untouched.ts');
    process.exitCode = await runUntouched(key, names);
    return;
  }
  await refuseOwnStack(key);
  if (process.env['COMPOSE_PROJECT_NAME'] !== undefined) {
    const { demandStartedProject } = await import('../started-project.ts');
    await demandStartedProject(key, ['up', '-d']);
  }
  // The runner of `dev -d` comes by here as well, and nobody reads what it says.
  const saying = process.env[DETACHED] !== undefined ? undefined : sayLosses(key);
  if (options.detach) {
    const { runDetached } = await import('../dev/detached.ts');
    process.exitCode = await runDetached(key, names, options.timeout ?? DETACHED_TIMEOUT);
  } else {
    const { runForeground } = await import('../dev/foreground.ts');
    process.exitCode = await runForeground(key, names);
  }
  await saying;
}

/** Says which services will not get their port or variables, as `check` does. What is wrong otherwise the runner says. */
async function sayLosses(key: StackKey): Promise<void> {
  const { loadContract } = await import('../../contract/load.ts');
  const { contract } = await loadContract(key.root, { environment: key.environment, personal: true });
  if (contract === undefined) return;
  const { findBeforeStart } = await import('../../check/before-start.ts');
  const found = await findBeforeStart(key.root, contract);
  if (found.length === 0) return;
  const { renderDiagnostics } = await import('../../check/report.ts');
  notice(renderDiagnostics(found, { format: 'text', root: key.root, color: hasColor }));
}
