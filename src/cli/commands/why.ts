import type { Command } from 'commander';

import type { DaemonClient } from '../../protocol/client.ts';
import { withStartedDaemon } from '../daemon-access.ts';
import { renderExplanation } from '../render/why.ts';
import { print, printJson } from '../terminal.ts';
import { askAboutHost, askAboutPort, askAboutService } from '../why/ask.ts';
import { hostOf } from '../why/explain.ts';
import type { Explanation } from '../why/explanation.ts';
import { isWrong } from '../why/verdict.ts';
import { lead } from '../way.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

interface WhyOptions extends StackOptions {
  readonly json?: boolean;
}

export function defineWhy(program: Command): void {
  withStackOptions(program.command('why <service|port|host>'))
    .summary('say what keeps a service, a port or a host from working')
    .description(
      'Say what is in the way: the unmet dependency, the last probe, who holds the port, what keeps it from stopping, who has the name. Exit code 1 when something is wrong.',
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  portramp why api\n  portramp why 20031\n  portramp why api.localhost',
    )
    .action((target: string, _options: unknown, command: Command) => why(target, command.optsWithGlobals()));
}

async function why(target: string, options: WhyOptions): Promise<void> {
  await withStartedDaemon(async (client) => {
    const explanation = await explain(client, target, options);
    if (options.json) printJson({ version: 1, ...explanation });
    else print(lead(renderExplanation(explanation)));
    if (isWrong(explanation)) process.exitCode = 1;
  });
}

/** A number is a port, a name with a dot or a scheme a host, everything else a service of this checkout. */
async function explain(client: DaemonClient, target: string, options: WhyOptions): Promise<Explanation> {
  const port = /^:?(\d{1,5})$/.exec(target)?.[1];
  if (port !== undefined && Number(port) >= 1 && Number(port) <= 65_535) {
    return askAboutPort(client, Number(port));
  }
  if (/[.:/]/.test(target)) return askAboutHost(client, hostOf(target));
  return askAboutService(client, await locateStack(options), target);
}
