import { findOtherName, type Called } from '../contract/called.ts';
import { locateHome } from '../lib/home.ts';
import { PortrampError } from '../lib/errors.ts';
import { isFolderGone } from '../lib/gone-folder.ts';
import type { DaemonClient } from '../protocol/client.ts';
import type { RunningStack, StackKey } from '../protocol/messages.ts';
import { suggest } from '../lib/suggest.ts';
import { createLasting, type LastingClient } from './lasting.ts';
import { notice } from './terminal.ts';
import { VERSION } from './version.ts';

/**
 * Calls `use` with the daemon, undefined where none runs, and closes the connection after it: one that stays open
 * would keep the process alive, also after an error.
 */
export const withDaemon = <T>(use: (client: LastingClient | undefined) => Promise<T>): Promise<T> =>
  closingAfter(
    findDaemon().then((client) => client && createLasting(client, openDaemon)),
    use,
  );

/**
 * The same with a daemon that is started if need be.
 *
 * @param timeout milliseconds that the command waits, where that is its own to say
 */
export const withStartedDaemon = <T>(
  use: (client: LastingClient) => Promise<T>,
  timeout?: number,
): Promise<T> =>
  closingAfter(
    startOrDial(timeout).then((client) => createLasting(client, openDaemon)),
    use,
  );

async function closingAfter<C extends DaemonClient | undefined, T>(
  dialling: Promise<C>,
  use: (client: C) => Promise<T>,
): Promise<T> {
  const client = await dialling;
  try {
    return await use(client);
  } finally {
    client?.close();
  }
}

/** Dials the daemon, starting it if need be. The caller closes it. */
export const openDaemon = (): Promise<DaemonClient> => startOrDial();

async function startOrDial(timeout?: number): Promise<DaemonClient> {
  const client = await dialDaemon(true, timeout);
  if (client === undefined) throw new PortrampError('DAEMON_UNREACHABLE', 'the daemon did not start');
  return client;
}

/** Dials the daemon if it is running. */
const findDaemon = (): Promise<DaemonClient | undefined> => dialDaemon(false);

async function dialDaemon(spawn: boolean, timeout?: number): Promise<DaemonClient | undefined> {
  const { connectDaemon } = await import('../protocol/client.ts');
  const bound = timeout === undefined ? {} : { timeout };
  return connectDaemon({ home: locateHome(), spawn, version: VERSION, onNotice: notice, ...bound });
}

export const isSameStack = (left: StackKey, right: StackKey): boolean =>
  left.root === right.root && left.environment === right.environment;

/** The stack, if a runner is attached to it. */
export async function findRunningStack(
  client: DaemonClient,
  key: StackKey,
): Promise<RunningStack | undefined> {
  const { stacks } = await client.request('list', {});
  return stacks.find((stack) => isSameStack(stack, key) && stack.pid !== undefined);
}

/** Calls `use` with the daemon and the running stack of this checkout, and closes the connection after it. */
export function withRunningStack<T>(
  key: StackKey,
  use: (client: LastingClient, stack: RunningStack) => Promise<T>,
): Promise<T> {
  return withDaemon(async (client) => {
    const stack = client && (await findRunningStack(client, key));
    if (client === undefined || stack === undefined) throw await notRunning(key);
    return use(client, stack);
  });
}

export async function notRunning({ root, environment }: StackKey): Promise<PortrampError> {
  if (await isFolderGone(root)) return checkoutGone(root);
  return new PortrampError(
    'STACK_NOT_RUNNING',
    `nothing is running in ${root} (environment ${environment})`,
    {
      hint: 'start it with "portramp dev"',
    },
  );
}

/** Says of a stack that its checkout is not there any more, and what forgets it. */
export const checkoutGone = (root: string): PortrampError =>
  new PortrampError(
    'STACK_NOT_RUNNING',
    `the checkout ${root} was removed or moved, and nothing runs of it`,
    {
      hint: '"portramp clean" forgets its stack',
    },
  );

/** Refuses names that the stack does not have. */
export function requireServices(stack: Pick<RunningStack, 'services'>, names: readonly string[]): void {
  for (const name of names) {
    if (!stack.services.some((service) => service.name === name)) throw unknownService(name, stack.services);
  }
}

export function unknownService(name: string, services: readonly Called[]): PortrampError {
  const known = services.map((service) => service.name);
  const other = findOtherName(name, services);
  const nearest = other?.name ?? suggest(name, known);
  const list = known.length <= 12 ? known.join(', ') : `${known.slice(0, 12).join(', ')} …`;
  return new PortrampError('UNKNOWN_NAME', `there is no service "${name}" in this stack${other?.why ?? ''}`, {
    hint: nearest === undefined ? `the services are: ${list}` : `did you mean "${nearest}"?`,
  });
}
