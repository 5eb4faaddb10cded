/** The front's port: chosen once, then kept; it never moves silently. */
import type { Clock } from '../lib/clock.ts';
import { describeHolder } from '../lib/holder.ts';
import { errnoOf, messageOf } from '../lib/errors.ts';
import { createQueue } from '../lib/queue.ts';
import type { PortHolder } from '../ports/holders.ts';
import type { Front as FrontStatus } from '../protocol/messages.ts';
import { FALLBACK_PORT, judgeHeld, type FrontChoice } from './front-choice.ts';
import type { FrontNumber } from './front-store.ts';

const RETRY_DELAY = 1_000;

/** Milliseconds between two attempts to write the number down. */
const REMEMBER_DELAY = 10_000;

export interface FrontPort {
  readonly status: FrontStatus;
  /** How often the front has got another number, the first one included. */
  readonly moves: number;
  /** A fault that lasts: it does not listen, or its number will not be remembered. */
  readonly problems: readonly string[];
  /** Texts to be said once, about a choice that was just made. Empty at the next call. */
  takeNotices(): string[];
  /** Hears which number a runner remembers; resolves when the front has moved there, if that one is right. */
  adopt(held: FrontNumber): Promise<void>;
  /**
   * Stops trying. The front itself is its owner's to close. Resolves when nothing is being written any more: the file is
   * the next daemon's then.
   */
  close(): Promise<void>;
}

export interface FrontPortOptions {
  /** Opens the port in place of the one that was open; gives the number. */
  readonly listen: (port: number) => Promise<number>;
  readonly choice: FrontChoice;
  /** Keeps the number for the next start. */
  readonly remember: (number: FrontNumber) => Promise<void>;
  readonly holdersOf: (port: number) => Promise<readonly PortHolder[]>;
  /** Called after the front got another number than it had told. */
  readonly onMove: (status: FrontStatus, moves: number) => void;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/** Tries each number once; then goes on without a front and tries the last one every second. */
export async function openFrontPort(options: FrontPortOptions): Promise<FrontPort> {
  const { ports } = options.choice;
  const port = new OneFrontPort(options);
  await port.tryAll(ports);
  return port;
}

class OneFrontPort implements FrontPort {
  readonly #options: FrontPortOptions;
  readonly #inTurn = createQueue();
  #origin: FrontChoice['origin'];
  #moves: number;
  /** The one number that it may have; undefined while any of several would do. */
  #settled: number | undefined;
  #status: FrontStatus;
  #notices: string[] = [];
  #unremembered: string | undefined;
  #cancelRetry = (): void => undefined;
  #cancelRemember = (): void => undefined;
  #closed = false;

  constructor(options: FrontPortOptions) {
    this.#options = options;
    const { ports, origin, moves } = options.choice;
    const [only, ...others] = ports;
    this.#origin = origin;
    this.#moves = moves;
    this.#settled = only === undefined || only === 0 || others.length > 0 ? undefined : only;
    this.#status = this.#told({});
  }

  get status(): FrontStatus {
    return this.#status;
  }

  get moves(): number {
    return this.#moves;
  }

  get problems(): string[] {
    return [this.#status.problem, this.#unremembered].filter((text) => text !== undefined);
  }

  takeNotices(): string[] {
    const taken = this.#notices;
    this.#notices = [];
    return taken;
  }

  async tryAll(ports: readonly number[]): Promise<void> {
    for (const port of ports) {
      if (!(await this.#try(port))) continue;
      if (ports.length > 1 && port === FALLBACK_PORT) this.#notices.push(fallbackNotice());
      return;
    }
    this.#retry(ports.at(-1) ?? FALLBACK_PORT);
  }

  adopt(held: FrontNumber): Promise<void> {
    return this.#inTurn(async () => {
      const { http } = this.#status;
      const has = http === undefined ? undefined : { http, moves: this.#moves };
      const verdict = judgeHeld(has, this.#origin, held);
      if (this.#closed || verdict.kind === 'keep') return;
      if (verdict.kind === 'count') {
        this.#moves = verdict.moves;
        await this.#remember();
      } else await this.#moveTo(verdict.to);
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry();
    this.#cancelRemember();
    return this.#inTurn(() => Promise.resolve());
  }

  async #moveTo({ http, moves }: FrontNumber): Promise<void> {
    const before = this.#status.http;
    this.#cancelRetry();
    this.#settled = http;
    this.#moves = moves;
    this.#origin = 'stored';
    const text = `the front has port ${http} again, which a running stack knew${before === undefined ? '' : `, in place of ${before}`}`;
    this.#options.log(text);
    this.#notices = [text];
    // Not without it, either: a number that is taken for a moment is waited for.
    if (!(await this.#try(http))) this.#retry(http);
    this.#options.onMove(this.#status, this.#moves);
  }

  async #try(port: number): Promise<boolean> {
    const { listen, holdersOf, log } = this.#options;
    try {
      const http = await listen(port);
      this.#status = { http };
      log(`front listens on port ${http}`);
    } catch (error) {
      const problem = await describeProblem(port, error, holdersOf);
      if (this.#status.problem !== problem) log(problem);
      this.#status = this.#told({ problem });
      return false;
    }
    await this.#remember();
    return true;
  }

  /** A settled number stays in every URL, so that they are right when the front comes up. */
  #told(more: Pick<FrontStatus, 'problem'>): FrontStatus {
    return this.#settled === undefined ? more : { http: this.#settled, ...more };
  }

  #retry(port: number): void {
    if (this.#closed) return;
    this.#cancelRetry = this.#options.clock.after(RETRY_DELAY, () => {
      void this.#inTurn(async () => {
        // It may have been told of another number meanwhile.
        if (this.#closed || (this.#settled !== undefined && this.#settled !== port)) return;
        if (!(await this.#try(port))) this.#retry(port);
      });
    });
  }

  /** Serving comes first: a number that cannot be written down is said, and written later. */
  async #remember(): Promise<void> {
    const { http } = this.#status;
    if (http === undefined) return;
    this.#cancelRemember();
    try {
      await this.#options.remember({ http, moves: this.#moves });
      this.#unremembered = undefined;
    } catch (error) {
      const text = `the front's port ${http} will not be remembered: ${messageOf(error)}`;
      if (this.#unremembered === undefined) {
        this.#options.log(text);
        this.#notices.push(text);
      }
      this.#unremembered = text;
      if (!this.#closed) {
        this.#cancelRemember = this.#options.clock.after(
          REMEMBER_DELAY,
          () => void this.#inTurn(() => this.#remember()),
        );
      }
    }
  }
}

async function describeProblem(
  port: number,
  error: unknown,
  holdersOf: FrontPortOptions['holdersOf'],
): Promise<string> {
  if (errnoOf(error) === 'EACCES') return `the front's port ${port} may not be bound by this user`;
  if (errnoOf(error) !== 'EADDRINUSE') return `the front cannot listen on port ${port}: ${messageOf(error)}`;
  const [holder] = await holdersOf(port).catch(() => []);
  return `the front's port ${port} is held by ${describeHolder(holder)}`;
}

/**
 * Says of a front that does not listen that no name leads anywhere, and what helps.
 * @param config path of the machine's `config.yaml`
 */
export function describeUnreachable({ http, problem }: FrontStatus, config: string): string | undefined {
  if (problem === undefined) return undefined;
  const other = http === FALLBACK_PORT ? 8080 : FALLBACK_PORT;
  const move = `write "httpPort: ${other}" to ${config}, then "portramp daemon stop --force && portramp daemon start"`;
  return `${problem}: until it is free, no name of a service leads anywhere; to move the front: ${move}`;
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
