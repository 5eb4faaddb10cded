/** Services that end with code 0 because they went to the background: what they left there is no process of theirs any more. */
import type { Clock } from '../lib/clock.ts';
import { describeHolder } from '../lib/holder.ts';
import { toldPort } from '../plan/address.ts';
import type { ResolvedPort, ResolvedService } from '../plan/plan.ts';
import type { End } from './service.ts';
import type { AskHolders, SeenHolder } from './taken.ts';

/** Milliseconds after which a daemon that has just detached itself listens. */
const SETTLE = 500;

/** How programs that are daemons by default are kept from that. */
const OPTIONS: Readonly<Record<string, string>> = {
  nginx: '-g "daemon off;"',
  'redis-server': '--daemonize no',
  httpd: '-D FOREGROUND',
  apache2: '-D FOREGROUND',
  'php-fpm': '-F',
  mongod: 'without --fork',
};

/**
 * Looks whether somebody listens on a port of a service that has just ended well. The port was free when it was started.
 *
 * @returns undefined where nobody does, or nobody can tell
 */
export async function explainBackground(
  launched: ResolvedService,
  holdersOf: AskHolders,
  clock: Pick<Clock, 'after'>,
): Promise<Pick<End, 'why' | 'isLasting'> | undefined> {
  const own = launched.ports.filter(({ listener }) => listener !== 'external');
  const found = (await findListener(own, holdersOf)) ?? (await later(own, holdersOf, clock));
  return found && { why: describeBackground(found.port, found.holder, launched.command), isLasting: true };
}

interface Found {
  readonly port: ResolvedPort;
  readonly holder: SeenHolder;
}

async function findListener(
  ports: readonly ResolvedPort[],
  holdersOf: AskHolders,
): Promise<Found | undefined> {
  for (const port of ports) {
    const [holder] = (await holdersOf(toldPort(port))) ?? [];
    if (holder?.pid !== undefined && holder.owner === undefined) return { port, holder };
  }
  return undefined;
}

async function later(
  ports: readonly ResolvedPort[],
  holdersOf: AskHolders,
  clock: Pick<Clock, 'after'>,
): Promise<Found | undefined> {
  await new Promise<void>((resolve) => void clock.after(SETTLE, resolve));
  return findListener(ports, holdersOf);
}

function describeBackground(
  port: ResolvedPort,
  holder: SeenHolder,
  command: ResolvedService['command'],
): NonNullable<End['why']> {
  const words = typeof command === 'string' ? command.split(/\s+/) : command;
  const program = words.map((word) => word.replace(/^.*\//, '')).find((word) => Object.hasOwn(OPTIONS, word));
  const option = program === undefined ? '' : ` (${program}: ${OPTIONS[program]})`;
  return {
    message: `it went to the background: ${describeHolder(holder)} listens on its port ${toldPort(port)} (${port.name}), and is none of its processes any more`,
    hint: `run it in the foreground${option}, and end that one: kill ${holder.pid ?? ''}`,
  };
}
