/**
 * `portramp dev -d`: the same runner in a session of its own. It tells this process over an IPC channel what
 * happens; when its services have settled, or one has failed, the channel is cut and the runner goes on alone.
 */
import type { DaemonClient } from '../../protocol/client.ts';
import type { PublishedService, RunningStack, StackKey } from '../../protocol/messages.ts';
import { PortrampError } from '../../lib/errors.ts';
import { findRunningStack, withStartedDaemon } from '../daemon-access.ts';
import { createView } from '../render/view.ts';
import { meaningOf, statusOf } from '../../protocol/status.ts';
import { complaintOf } from '../complaint.ts';
import { findCommon, withoutCommon, type Common } from '../render/common.ts';
import { describeRest } from '../render/rest.ts';
import { describeService, renderStack } from '../render/stacks.ts';
import { askThrough, countDown, type LastingClient } from '../lasting.ts';
import { untilPublished } from '../stack-watch.ts';
import { color, displayText, notice, print } from '../terminal.ts';
import { isStartOver, wrongOf } from '../waiting/ends.ts';
import { pickLast } from '../waiting/last-lines.ts';
import { sayMeanwhile } from '../waiting/saying.ts';
import { untilThrough } from '../waiting/through.ts';
import { describeDelay, describeWaiting, sayDim } from '../waiting/wait.ts';
import { locateHome } from '../../lib/home.ts';
import { launchRunner, type Launch } from './launch.ts';
import { settlePlace } from './place.ts';
import { isOccupied, untilRegistered } from './registered.ts';
import type { Report } from './report.ts';

/**
 * Resolves with the exit code: 0 when every service is ready or done, 1 when one is not or `timeout` milliseconds are
 * over, 2 for a bad contract.
 */
export function runDetached(key: StackKey, names: readonly string[], timeout: number): Promise<number> {
  return withStartedDaemon(async (client) => {
    const progress = createProgress(key.root);
    for (const text of await settlePlace(locateHome(), key)) notice(text);
    const silence = sayMeanwhile(progress.describe, sayDim);
    const left = countDown(timeout);
    try {
      const launch = await askThrough(client, left, () =>
        launchOrJoin(client, key, names, progress.onReport, left),
      );
      if (launch.kind === 'ended') return launch.code === 0 ? refuseTakenDown() : launch.code;
      if (launch.kind === 'late') return await reportLate(client, key, timeout);
      const stack = await untilOver(client, key, progress, left());
      if (stack === 'late') return await reportLate(client, key, timeout);
      return stack === undefined ? refuseTakenDown() : report(stack, progress.unfinished);
    } finally {
      silence();
    }
  }, timeout);
}

/** Starts a runner, or what is named in the stack that has one. */
async function launchOrJoin(
  client: DaemonClient,
  key: StackKey,
  names: readonly string[],
  onReport: Progress['onReport'],
  left: () => number,
): Promise<Launch> {
  for (;;) {
    const running = isOccupied(key) || (await findRunningStack(client, key)) !== undefined;
    const launch: Launch = running ? { kind: 'occupied' } : await launchRunner(key, names, onReport, left());
    if (launch.kind !== 'occupied') return launch;
    // One that ends before it is registered leaves the place to the next.
    if (!(await untilRegistered(client, key, left()))) continue;
    await join(client, key, names);
    return launch;
  }
}

async function untilOver(
  client: LastingClient,
  key: StackKey,
  { isOver }: Progress,
  timeout: number,
): Promise<RunningStack | undefined | 'late'> {
  try {
    return await untilThrough(client, key, isOver, timeout);
  } catch (error) {
    if (error instanceof PortrampError && error.code === 'TIMEOUT') return 'late';
    throw error;
  }
}

/** What is not ready goes on starting. */
async function reportLate(client: DaemonClient, key: StackKey, timeout: number): Promise<never> {
  const stack = await findRunningStack(client, key);
  if (stack === undefined) {
    throw new PortrampError('TIMEOUT', `after ${timeout / 1_000} s, the stack is still being prepared`, {
      hint: 'it goes on; "portramp ls" shows how far it is, "portramp down" stops it',
    });
  }
  if (stack.services.length > 0) print(renderStack(stack));
  const isOpen = (service: PublishedService): boolean => !meaningOf(service).isSettled;
  throw await describeDelay(client, key, stack, { timeout, isOpen });
}

interface Progress {
  /** Shows what the runner tells; true when nothing more has to be waited for. */
  readonly onReport: (report: Report) => boolean;
  /** The same for what the daemon knows of the stack. */
  readonly isOver: (stack: RunningStack | undefined) => boolean;
  /** What is waited for. */
  readonly describe: () => string;
  /** Services that were started and have not been up since. */
  readonly unfinished: ReadonlySet<string>;
}

function createProgress(root: string): Progress {
  const view = createView({ root, logs: false, summaries: false });
  const unfinished = new Set<string>();
  const open = new Map<string, PublishedService>();
  const see = (service: PublishedService): void => {
    if (meaningOf(service).isSettled) open.delete(service.name);
    else open.set(service.name, service);
    if (meaningOf(service).isUp) unfinished.delete(service.name);
    else if (service.state !== 'idle') unfinished.add(service.name);
    view({ type: 'service', service });
  };
  return {
    unfinished,
    describe: () => describeWaiting([...open.values()]),
    onReport: (report) => {
      if ('occupied' in report) return true;
      const { event } = report;
      if (event.type === 'service') see(event.service);
      else view(event);
      return event.type === 'settled' || (event.type === 'service' && meaningOf(event.service).isFinal);
    },
    isOver: (stack) => {
      const services = stack?.services ?? [];
      services.forEach(see);
      return stack === undefined || isStartOver(services);
    },
  };
}

/** Starts what is named in the stack that is running already. */
async function join(client: DaemonClient, key: StackKey, names: readonly string[]): Promise<void> {
  await untilPublished(client, key);
  const running = await findRunningStack(client, key);
  notice(color.dim(`already running (pid ${running?.pid ?? '?'})`));
  if (running === undefined || names.length === 0) return;
  await client.request('command', { stack: key, command: { action: 'start', services: [...names] } });
}

function refuseTakenDown(): never {
  throw new PortrampError('STACK_NOT_RUNNING', 'the stack was taken down before it was ready', {
    hint: 'start it again with "portramp dev -d"',
  });
}

function report(stack: RunningStack, unfinished: ReadonlySet<string>): number {
  const wrong = wrongOf(stack.services);
  // What is wrong is said below, with the last lines of the service.
  print(renderStack(stack, (service) => (wrong.includes(service) ? '' : describeService(service))));
  const common = findCommon(wrong, { areCausesToo: true });
  for (const each of common) notice(describeCommonly(each));
  for (const service of wrong) {
    if (common.some(({ services }) => services.includes(service))) continue;
    const rest = withoutCommon(service, common);
    const logs = rest === service ? `see "portramp logs ${service.name}"` : undefined;
    notice(describeWrong(rest, logs));
  }
  if (wrong.length > 0) {
    notice(color.dim(`${describeRest(stack.services)}; "portramp down" stops it`));
    return 1;
  }
  const stopped = stack.services.filter(
    (service) => service.state === 'idle' && unfinished.has(service.name),
  );
  for (const { name } of stopped) notice(`${color.red('stopped')} ${name} before it was ready`);
  return stopped.length > 0 ? 1 : 0;
}

function describeCommonly({ services: [first, ...others], reason, hint }: Common): string {
  const names = [first, ...others].map(({ name }) => name).join(', ');
  return [`${color.red(statusOf(first))} ${names}: ${reason}`, ...describeHint(hint)].join('\n');
}

/** @param logs The hint where there is none of its own. */
function describeWrong(service: PublishedService, logs: string | undefined): string {
  const log = pickLast(service.failure?.log ?? []).map((line) => `    ${displayText(line)}`);
  const { reason = 'no reason known', hint = logs } = complaintOf(service);
  const head = `${color.red(statusOf(service))} ${service.name}: ${reason}`;
  return [head, ...log, ...describeHint(hint)].join('\n');
}

const describeHint = (hint: string | undefined): string[] =>
  hint === undefined ? [] : [`  ${color.dim('hint:')} ${hint}`];
