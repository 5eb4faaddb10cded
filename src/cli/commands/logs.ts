import { join } from 'node:path';

import type { Command } from 'commander';

import { calledOf, type Called } from '../../contract/called.ts';
import { locateHome } from '../../lib/home.ts';
import type { StackKey } from '../../protocol/messages.ts';
import type { LogLine } from '../../stack/logs/line.ts';
import { parseCount } from '../duration.ts';
import { isSameStack, notRunning, unknownService, withStartedDaemon } from '../daemon-access.ts';
import { findGone } from '../gone.ts';
import { logPrinter } from '../render/logs.ts';
import { explainSilence } from '../silent-logs.ts';
import { notice, onOutputLost, print, printed, sayProblem } from '../terminal.ts';
import { refuseOwnStack } from '../own-stack.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

interface LogsOptions extends StackOptions {
  readonly follow?: boolean;
  readonly tail: number;
  readonly json?: boolean;
}

export function defineLogs(program: Command): void {
  withStackOptions(program.command('logs [service...]'))
    .summary('print what services printed')
    .description('Print what services printed, also those of a stack that is down.')
    .option('-f, --follow', 'go on with what comes')
    .option('-n, --tail <lines>', 'how many lines of each service', parseCount(0), 200)
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', '\nExample:\n  portramp logs api -f')
    .action((services: string[], _options: unknown, command: Command) =>
      logs(services, command.optsWithGlobals()),
    );
}

async function logs(names: string[], options: LogsOptions): Promise<void> {
  const key = await locateStack(options);
  const { stacks } = await withStartedDaemon((client) => client.request('list', { all: true }));
  const stack = stacks.find((candidate) => isSameStack(candidate, key));
  if (stack === undefined) throw await notRunning(key);
  const { listLogs, readLogs } = await import('../../stack/logs/read.ts');
  const folder = join(locateHome().logs, stack.slug);
  const known = new Map<string, Called>(stack.services.map((service) => [service.name, service]));
  const add = (service: Called): void => {
    // Of a log only the name in the contract is known.
    if (known.get(service.name)?.compose === undefined) known.set(service.name, service);
  };
  for (const name of await listLogs(folder)) add({ name });
  // Of a stack at rest nothing is published: what never ran is in its contract alone.
  if (stack.pid === undefined && names.some((name) => !known.has(name))) (await namedBy(key)).forEach(add);
  for (const name of names) if (!known.has(name)) throw unknownService(name, [...known.values()]);
  const services = names.length === 0 ? [...known.keys()] : names;
  if (options.follow === true) await refuseOwnStack(key, services);
  const seen = await show(services, options, (signal) =>
    readLogs({
      folder,
      services,
      tail: options.tail,
      follow: options.follow ?? false,
      signal,
      onProblem: (problem) => {
        sayProblem(problem);
        process.exitCode = 1;
      },
    }),
  );
  if (options.tail === 0) return;
  const isGone = (await findGone([stack])).size > 0;
  for (const name of names.filter((each) => !seen.has(each))) notice(explainSilence(name, stack, isGone));
}

/** Lists the services of a stack's contract, as far as it can be read. */
async function namedBy({ root, environment }: StackKey): Promise<Called[]> {
  const { loadContract } = await import('../../contract/load.ts');
  const { contract, partial } = await loadContract(root, { environment, personal: true });
  return [...((contract ?? partial)?.services.values() ?? [])].map(calledOf);
}

/** Prints lines until there are no more; returns the services that had one. */
async function show(
  services: readonly string[],
  { json }: LogsOptions,
  read: (signal: AbortSignal) => AsyncIterable<LogLine>,
): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const off = onOutputLost(stop);
  const printLine = json ? (line: LogLine) => print(JSON.stringify(line)) : logPrinter(services);
  for await (const line of read(abort.signal)) {
    seen.add(line.service);
    printLine(line);
    await printed();
  }
  off();
  process.off('SIGINT', stop).off('SIGTERM', stop);
  return seen;
}
