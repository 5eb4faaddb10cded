import { access, constants } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import type { Command } from 'commander';

import { systemClock } from '../../lib/clock.ts';
import { PortrampError, messageOf } from '../../lib/errors.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { NoticeParams, RequestEvent, StackKey } from '../../protocol/messages.ts';
import { findRunningStack, notRunning, openDaemon, requireServices } from '../daemon-access.ts';
import { parseDuration } from '../duration.ts';
import { requestPrinter } from '../render/requests.ts';
import { notice, print } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { locateStack, withStackOptions, type StackOptions } from '../workspace.ts';

interface TrafficOptions extends StackOptions {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly har?: string;
  readonly for?: number;
}

/** An archive is kept in memory until the end: what comes after so many requests is not in it. */
const MAX_ARCHIVE = 100_000;

export function defineTraffic(program: Command): void {
  withStackOptions(program.command('traffic [service...]'))
    .summary('show the requests that go through the front, as they come')
    .description(
      'Show the requests that go through the front, as they come: status, duration, size, service, address. Ends with Ctrl-C.',
    )
    .option('--all', 'of every stack of this machine, also what leads nowhere')
    .option('--json', 'print one JSON object a line')
    .option('--har <file>', 'write an HTTP Archive (HAR 1.2) at the end: no headers, no bodies')
    .option('--for <duration>', 'end after this time, such as 30s or 5m', parseDuration)
    .addHelpText('after', '\nExample:\n  portramp traffic api --har api.har --for 30s')
    .action((services: string[], _options: unknown, command: Command) =>
      traffic(services, command.optsWithGlobals()),
    );
}

async function traffic(services: readonly string[], options: TrafficOptions): Promise<void> {
  const har = options.har === undefined ? undefined : resolve(options.dir ?? '.', options.har);
  if (har !== undefined) await requireFolder(har);
  const key = options.all ? undefined : await locateStack(options);
  const client = await openDaemon();
  try {
    if (key !== undefined) await requireStack(client, key, services);
    const archive: RequestEvent[] = [];
    const show = options.json
      ? (request: RequestEvent) => print(JSON.stringify(request))
      : requestPrinter(services);
    const end = await follow(client, { key, services, time: options.for }, (request) => {
      show(request);
      if (har !== undefined && archive.length < MAX_ARCHIVE) archive.push(request);
    });
    if (har !== undefined) await writeHar(har, archive);
    if (end === 'lost') throw new PortrampError('DAEMON_UNREACHABLE', 'the daemon went away');
  } finally {
    client.close();
  }
}

async function requireStack(client: DaemonClient, key: StackKey, services: readonly string[]): Promise<void> {
  const stack = await findRunningStack(client, key);
  if (stack === undefined) throw await notRunning(key);
  requireServices(stack, services);
}

/** Not only at the end, when all that was seen would be lost. */
async function requireFolder(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK);
  } catch (error) {
    throw new PortrampError('USAGE', `${path} cannot be written: ${messageOf(error)}`, {
      hint: 'name a file in a folder that exists',
    });
  }
}

interface Wanted {
  readonly key: StackKey | undefined;
  readonly services: readonly string[];
  /** Milliseconds. */
  readonly time: number | undefined;
}

/** Resolves at Ctrl-C, after the time, when nobody reads any more, or when the daemon goes. */
async function follow(
  client: DaemonClient,
  { key, services, time }: Wanted,
  onRequest: (request: RequestEvent) => void,
): Promise<'ended' | 'lost'> {
  const cleanups: (() => void)[] = [];
  try {
    return await new Promise((settle, reject) => {
      const stop = (): void => settle('ended');
      process.once('SIGINT', stop).once('SIGTERM', stop);
      process.stdout.once('error', stop);
      const cancel = time === undefined ? undefined : systemClock.after(time, stop);
      cleanups.push(
        () => process.off('SIGINT', stop).off('SIGTERM', stop),
        () => cancel?.(),
        client.onClose(() => settle('lost')),
        client.onNotice((name, params) => {
          if (name !== 'requests') return;
          const { requests, missed } = params as NoticeParams<'requests'>;
          for (const request of requests) onRequest(request);
          if (missed > 0) notice(`${missed} ${missed === 1 ? 'request' : 'requests'} not shown`);
        }),
      );
      client
        .request('follow', { stack: key, services: [...services] })
        .then(() => notice('showing requests as they come; Ctrl-C ends it'))
        .catch(reject);
    });
  } finally {
    for (const cleanup of cleanups) cleanup();
  }
}

async function writeHar(path: string, archive: readonly RequestEvent[]): Promise<void> {
  const [{ writeFileAtomic }, { renderHar }] = await Promise.all([
    import('../../lib/atomic-write.ts'),
    import('../render/har.ts'),
  ]);
  await writeFileAtomic(path, `${JSON.stringify(renderHar(archive, VERSION), null, 2)}\n`);
  const more = archive.length === MAX_ARCHIVE ? ' (no more fit)' : '';
  notice(`${archive.length} ${archive.length === 1 ? 'request' : 'requests'} in ${path}${more}`);
}
