import type { Command } from 'commander';

import { locateHome } from '../../lib/home.ts';
import { withDaemon, withStartedDaemon } from '../daemon-access.ts';
import { columns, print, printJson } from '../terminal.ts';

interface DaemonOptions {
  readonly json?: boolean;
  readonly force?: boolean;
}

export function defineDaemon(program: Command): void {
  const daemon = program
    .command('daemon')
    .summary('start, stop or look at the daemon')
    .description(
      'The daemon owns the front, the port leases and the names. Commands start it when they need it.',
    )
    .addHelpText('after', '\nExample:\n  portramp daemon status --json');
  daemon
    .command('start')
    .description('Start the daemon, if it is not running.')
    .option('--json', 'print one JSON object')
    .action(async (options: DaemonOptions) => {
      await withStartedDaemon(async (client) => {
        const { checkFrontPort } = await import('../../daemon/front-choice.ts');
        const { readFrontSettings } = await import('../../daemon/settings.ts');
        const { front } = await client.request('status', {});
        const { config } = locateHome();
        checkFrontPort(await readFrontSettings(config, process.env), front.http, config);
      });
      await printStatus(options);
    });
  daemon
    .command('stop')
    .description('Stop the daemon. Refused while stacks are running, unless --force.')
    .option('--force', 'stop it all the same: services keep running, without a front')
    .option('--json', 'print one JSON object')
    .action(stop);
  daemon
    .command('status')
    .description('Print the state of the daemon; exit code 1 when it is not running.')
    .option('--json', 'print one JSON object')
    .action(printStatus);
}

async function stop(options: DaemonOptions): Promise<void> {
  const stopped = await withDaemon(async (client) => {
    if (client === undefined) return false;
    const closed = new Promise<void>((resolve) => client.onClose(resolve));
    await client.request('shutdown', { force: options.force ?? false });
    await closed;
    return true;
  });
  if (options.json) printJson({ version: 1, stopped });
  else print(stopped ? 'The daemon is stopped.' : 'The daemon was not running.');
}

async function printStatus(options: DaemonOptions): Promise<void> {
  const status = await withDaemon(async (client) => client?.request('status', {}));
  if (status === undefined) {
    process.exitCode = 1;
    if (options.json) printJson({ running: false, home: locateHome().root });
    else print('The daemon is not running; "portramp dev" starts it.');
    return;
  }
  if (options.json) {
    printJson({ running: true, ...status });
    return;
  }
  const { front } = status;
  print(
    columns([
      ['pid', String(status.pid)],
      ['version', status.version],
      ['front', front.http === undefined ? (front.problem ?? 'none') : `http://localhost:${front.http}`],
      ['stacks', String(status.stacks)],
      ['state', status.home],
      ...status.problems.map((problem) => ['problem', problem]),
    ]),
  );
}
