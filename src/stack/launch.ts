/** From a resolved service to a running instance: ports looked at, flags added, environment put together. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { withFrameworkFlags } from '../plan/framework.ts';
import type { ResolvedPort, ResolvedService } from '../plan/plan.ts';
import type { PortHolder } from '../protocol/messages.ts';
import { childEnvironment } from '../runtime/environment.ts';
import type { Instance, ProcessSpec, StartFailure, StartResult } from '../runtime/instance.ts';
import { startProcess } from '../runtime/process/start.ts';
import type { LaunchResult } from './replica.ts';
import type { TaskRecord } from './tasks/record.ts';

export interface LaunchOptions {
  readonly service: ResolvedService;
  /** The shell's environment. */
  readonly ambient: Readonly<Record<string, string | undefined>>;
  readonly marker: string;
  /** Whether what the service prints reaches a terminal with colours. */
  readonly color: boolean;
  /** Who holds a port; empty when it is free, undefined when nobody can be asked. */
  readonly holdersOf: (port: number) => Promise<readonly PortHolder[] | undefined>;
  readonly onOutput: ProcessSpec['onOutput'];
  readonly tasks: TaskRecord;
  /** A task runs even if it has nothing to do. */
  readonly forced: boolean;
}

/** A task that has nothing to do is skipped; one that succeeds is remembered. */
export async function launch(options: LaunchOptions): Promise<LaunchResult> {
  const judgement = await options.tasks.judge(options.service);
  if (judgement?.isDone === true && !options.forced) return { skipped: true };
  const result = await start(options);
  if (!result.ok || judgement === undefined) return result;
  const { instance } = result;
  const exited = instance.exited.then(async (exit) => {
    // What cannot be remembered is done once more.
    if (exit.code === 0) await judgement.succeed().catch(() => undefined);
    return exit;
  });
  return { ok: true, instance: withEnd(instance, exited) };
}

const withEnd = (instance: Instance, exited: Instance['exited']): Instance => ({
  pid: instance.pid,
  exited,
  aside: (command, options) => instance.aside(command, options),
  stop: (policy) => instance.stop(policy),
  kill: () => instance.kill(),
});

/** A leased port that somebody else holds is a failure: the service would not get it, or share it unknowingly. */
async function start(options: LaunchOptions): Promise<StartResult> {
  const { service: resolved } = options;
  const { service: contract } = resolved;
  if (contract.kind === 'external') return fail({ message: 'an external service is not started' });
  for (const port of resolved.ports) {
    const holders = await options.holdersOf(port.targetPort);
    if (holders !== undefined && holders.length > 0) return fail(describeHolders(port, holders));
  }
  return startProcess({
    command: await withFlags(resolved),
    dir: resolved.dir,
    env: childEnvironment(options.ambient, resolved, {
      marker: options.marker,
      color: options.color,
      resolveLocalhost: contract.resolve === 'portramp',
    }),
    stop: contract.stop,
    marker: options.marker,
    onOutput: options.onOutput,
  });
}

const fail = (failure: StartFailure): StartResult => ({ ok: false, failure });

function describeHolders({ name, targetPort }: ResolvedPort, holders: readonly PortHolder[]): StartFailure {
  const [holder] = holders;
  const who =
    holder?.pid === undefined
      ? 'a process that this user cannot see'
      : `process ${holder.pid}${holder.command === undefined ? '' : ` (${holder.command})`}` +
        (holder.cwd === undefined ? '' : ` in ${holder.cwd}`);
  return {
    message: `port ${targetPort} (${name}) is held by ${who}`,
    hint: holder?.pid === undefined ? 'end it, then start the service again' : `end it: kill ${holder.pid}`,
  };
}

/** Some dev servers ignore `PORT`; what they run is in the package.json of the service's folder. */
async function withFlags({ command, dir, ports }: ResolvedService): Promise<string | readonly string[]> {
  const port = ports.find((one) => one.primary) ?? ports[0];
  if (port === undefined) return command;
  const scripts = await readScripts(dir);
  return withFrameworkFlags(command, (name) => scripts.get(name), {
    host: '127.0.0.1',
    port: port.targetPort,
  });
}

async function readScripts(dir: string): Promise<Map<string, string>> {
  try {
    const text: unknown = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'));
    if (typeof text !== 'object' || text === null || !('scripts' in text)) return new Map();
    const entries = Object.entries(text.scripts ?? {});
    return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    // No package.json, or not one that npm could read either.
    return new Map();
  }
}
