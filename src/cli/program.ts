import { Command, Option } from 'commander';

import { defineCheck } from './commands/check.ts';
import { defineClean } from './commands/clean.ts';
import { defineCompose } from './commands/compose.ts';
import { defineControl } from './commands/control.ts';
import { defineDaemon } from './commands/daemon.ts';
import { defineDiff } from './commands/diff.ts';
import { defineDev } from './commands/dev.ts';
import { defineDoctor } from './commands/doctor.ts';
import { defineDown } from './commands/down.ts';
import { defineEnv } from './commands/env.ts';
import { defineExec } from './commands/exec.ts';
import { defineLogs } from './commands/logs.ts';
import { defineLs } from './commands/ls.ts';
import { defineOpen } from './commands/open.ts';
import { defineOverride } from './commands/override.ts';
import { defineScale } from './commands/scale.ts';
import { defineSchema } from './commands/schema.ts';
import { defineTraffic } from './commands/traffic.ts';
import { defineUrl } from './commands/url.ts';
import { defineWait } from './commands/wait.ts';
import { defineWhose } from './commands/whose.ts';
import { defineWhy } from './commands/why.ts';
import { VERSION } from './version.ts';

/** The whole command line; every command loads what it needs when it runs. */
export function createProgram(): Command {
  const root = new Command('portramp')
    .description('Runs the services of portramp.yaml with ports that cannot clash, and names that stay.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print the help of a command')
    .option('-C, --dir <folder>', 'act as if started in this folder')
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText('after', '\nExit codes: 0 fine, 1 failed or findings, 2 bad usage or invalid contract.');
  for (const define of [
    defineDev,
    defineLs,
    defineUrl,
    defineEnv,
    defineExec,
    defineOpen,
    defineLogs,
    defineTraffic,
    defineControl,
    defineScale,
    defineWait,
    defineWhy,
    defineWhose,
    defineDown,
    defineOverride,
    defineCompose,
    defineCheck,
    defineDiff,
    defineSchema,
    defineDoctor,
    defineClean,
    defineDaemon,
  ]) {
    define(root);
  }
  // Before and after the name of a command alike; only "exec" ends portramp's own options.
  for (const command of [...root.commands, ...root.commands.flatMap(({ commands }) => commands)]) {
    command.addOption(new Option('-C, --dir <folder>').hideHelp());
  }
  return root;
}
