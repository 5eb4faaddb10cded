/** The front's port: chosen once, then kept; it never moves silently. */
import type { Clock } from '../lib/clock.ts';
import { describeHolder } from '../lib/holder.ts';
import { PortrampError, errnoOf, messageOf } from '../lib/errors.ts';
import type { PortHolder } from '../ports/holders.ts';
import type { Front as FrontStatus } from '../protocol/messages.ts';
import type { FrontSettings } from './settings.ts';

/** RAMP on a phone's keys. */
const FALLBACK_PORT = 7267;

const RETRY_DELAY = 1_000;

/**
 * The numbers to try, in this order; 0 is any free one.
 * @throws PortrampError FRONT_PORT_CONFLICT when the variable contradicts the number that is settled.
 */
export function chooseFrontPorts(
  settings: FrontSettings,
  stored: number | undefined,
  config: string,
): number[] {
  const { variable, file } = settings;
  // An edit of the file is how a person moves the front; a variable of one shell is not.
  const settled = file !== undefined && file !== 0 ? file : stored;
  if (settled !== undefined) {
    if (variable !== undefined && variable !== 0 && variable !== settled) {
      throw new PortrampError(
        'FRONT_PORT_CONFLICT',
        `PORTRAMP_HTTP_PORT asks for port ${variable}, but the front of this machine has port ${settled}`,
        { hint: `unset PORTRAMP_HTTP_PORT, or write "httpPort: ${variable}" to ${config} to move the front` },
      );
    }
    return [settled];
  }
  const wanted = variable ?? file;
  return wanted === undefined ? [80, FALLBACK_PORT] : [wanted];
}

/**
 * What `daemon start` says where a daemon runs already: a wish that comes too late is not ignored.
 * @throws PortrampError FRONT_PORT_CONFLICT when the settings ask for another port than the front has.
 */
export function checkFrontPort(
  { variable, file }: FrontSettings,
  running: number | undefined,
  config: string,
): void {
  const wanted = variable !== undefined && variable !== 0 ? variable : file;
  if (wanted === undefined || wanted === 0 || running === undefined || wanted === running) return;
  const who = wanted === variable ? 'PORTRAMP_HTTP_PORT' : config;
  const edit = wanted === file ? '' : `write "httpPort: ${wanted}" to ${config}, then `;
  throw new PortrampError(
    'FRONT_PORT_CONFLICT',
    `${who} asks for port ${wanted}, but the front is running on port ${running}`,
    {
      hint: `to move it: ${edit}"portramp daemon stop --force && portramp daemon start"; services keep running`,
    },
  );
}

export interface FrontPort {
  readonly status: FrontStatus;
  /** What should be said once, about a choice that was just made. Empty at the next call. */
  takeNotices(): string[];
  /** Stops trying. The front itself is its owner's to close. */
  close(): void;
}

export interface FrontPortOptions {
  readonly listen: (port: number) => Promise<number>;
  readonly ports: readonly number[];
  /** Keeps the number for the next start. */
  readonly remember: (port: number) => Promise<void>;
  readonly holdersOf: (port: number) => Promise<readonly PortHolder[]>;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/** Tries each number once; then goes on without a front and tries the last one every second. */
export async function openFrontPort(options: FrontPortOptions): Promise<FrontPort> {
  const [only, ...others] = options.ports;
  const settled = only === undefined || only === 0 || others.length > 0 ? {} : { http: only };
  let status: FrontStatus = settled;
  let notices: string[] = [];
  let cancelRetry = (): void => undefined;
  let closed = false;

  const tryPort = async (port: number): Promise<boolean> => {
    try {
      const http = await options.listen(port);
      await options.remember(http);
      status = { http };
      options.log(`front listens on port ${http}`);
      return true;
    } catch (error) {
      if (error instanceof PortrampError) throw error;
      const problem = await describeProblem(port, error, options.holdersOf);
      if (status.problem !== problem) options.log(problem);
      // A settled number stays in every URL, so that they are right when the front comes up.
      status = { ...settled, problem };
      return false;
    }
  };

  const retry = (port: number): void => {
    if (closed) return;
    cancelRetry = options.clock.after(RETRY_DELAY, () => {
      void tryPort(port).then(
        (up) => (up ? undefined : retry(port)),
        (error: unknown) => {
          status = { ...settled, problem: messageOf(error) };
          retry(port);
        },
      );
    });
  };

  const up = await tryFirst(options.ports, tryPort);
  if (!up) retry(options.ports.at(-1) ?? FALLBACK_PORT);
  else if (options.ports.length > 1 && status.http === FALLBACK_PORT) notices = [fallbackNotice()];

  return {
    get status() {
      return status;
    },
    takeNotices: () => {
      const taken = notices;
      notices = [];
      return taken;
    },
    close: () => {
      closed = true;
      cancelRetry();
    },
  };
}

async function tryFirst(
  ports: readonly number[],
  tryPort: (port: number) => Promise<boolean>,
): Promise<boolean> {
  for (const port of ports) {
    if (await tryPort(port)) return true;
  }
  return false;
}

async function describeProblem(
  port: number,
  error: unknown,
  holdersOf: FrontPortOptions['holdersOf'],
): Promise<string> {
  if (errnoOf(error) === 'EACCES') return `the front's port ${port} may not be bound by this user`;
  if (errnoOf(error) !== 'EADDRINUSE') return `the front cannot listen on port ${port}: ${messageOf(error)}`;
  const [holder] = await holdersOf(port);
  return `the front's port ${port} is held by ${describeHolder(holder)}`;
}

function fallbackNotice(): string {
  const how: Partial<Record<NodeJS.Platform, string>> = {
    linux: '"sudo sysctl net.ipv4.ip_unprivileged_port_start=80" allows port 80',
    darwin: 'a redirect of port 80 to it has to be set up in pf',
  };
  return (
    `the front listens on port ${FALLBACK_PORT} because port 80 is taken or not allowed here` +
    (how[process.platform] === undefined
      ? ''
      : `; ${how[process.platform]}, then "httpPort: 80" in config.yaml`)
  );
}
