/** Which Docker Compose there is: a plugin of `docker`, a program of its own, or the provider of `podman compose`. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

import { PortrampError } from '../../lib/errors.ts';

export interface ComposeBinary {
  /** Program and first arguments: `['docker', 'compose']`. */
  readonly command: readonly [string, ...string[]];
  /** `2.26.1`. */
  readonly version: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The first with `!override`: before it, later files can only add ports. */
const OLDEST = [2, 24, 4] as const;

const INSTALL = 'install Docker Compose 2.24.4 or newer, or name its program in PORTRAMP_COMPOSE';

/** Milliseconds; the plugin of a cold `docker` takes a second. */
const VERSION_TIMEOUT = 20_000;

/**
 * `PORTRAMP_COMPOSE`, else the first of `docker compose`, `docker-compose` and `podman compose` that is new enough.
 * @param timeout Milliseconds that each has to say its version.
 * @throws PortrampError COMPOSE_MISSING, COMPOSE_TOO_OLD, naming what was found; COMPOSE_INVALID where one is there and
 * does not answer: a busy machine is no machine without Compose.
 */
export async function findCompose(
  environment: Environment,
  timeout = VERSION_TIMEOUT,
): Promise<ComposeBinary> {
  const chosen = environment['PORTRAMP_COMPOSE'];
  const candidates = chosen === undefined || chosen === '' ? KNOWN : [splitCommand(chosen)];
  const old: string[] = [];
  const silent: string[] = [];
  for (const command of candidates) {
    const { version, isLate } = await askVersion(command, environment, timeout);
    if (isLate === true) silent.push(command.join(' '));
    if (version === undefined) continue;
    if (isNewEnough(version)) return { command, version };
    old.push(`${command.join(' ')} is ${version}`);
  }
  // Said before what is too old: the silent one may be the one that is meant.
  if (silent.length > 0) {
    const program = silent.join(', ');
    throw new PortrampError(
      'COMPOSE_INVALID',
      `"${program}" did not say its version in ${timeout / 1000} s`,
      {
        hint: `try "${silent[0]} version", and once more when this machine has less to do`,
      },
    );
  }
  if (old.length > 0) {
    throw new PortrampError('COMPOSE_TOO_OLD', `Docker Compose is too old: ${old.join(', ')}`, {
      hint: INSTALL,
    });
  }
  const tried = candidates.map((command) => `"${command.join(' ')}"`).join(', ');
  throw new PortrampError('COMPOSE_MISSING', `Docker Compose was not found; tried ${tried}`, {
    hint: INSTALL,
  });
}

/** Codes of the system for a program that is not installed. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

type Command = ComposeBinary['command'];

const KNOWN: readonly Command[] = [['docker', 'compose'], ['docker-compose'], ['podman', 'compose']];

/** A path may hold spaces; anything else is a program and its arguments. */
function splitCommand(text: string): Command {
  if (existsSync(text)) return [text];
  const [program = text, ...rest] = text.trim().split(/\s+/);
  return [program, ...rest];
}

/** The answer of a program that was asked for its version. */
interface Said {
  /** Undefined where the program is not installed, or is no Compose. */
  readonly version?: string | undefined;
  /** Whether the program was asked and has not answered in time. */
  readonly isLate?: boolean;
}

/** @throws Error when nothing could be asked, such as EMFILE */
async function askVersion(
  [program, ...first]: Command,
  environment: Environment,
  timeout: number,
): Promise<Said> {
  try {
    const { stdout } = await promisify(execFile)(program, [...first, 'version', '--short'], {
      env: { ...environment },
      timeout,
    });
    return { version: /\d+\.\d+\.\d+/.exec(stdout)?.[0] };
  } catch (error) {
    const { code, killed } = error as { readonly code?: unknown; readonly killed?: unknown };
    if (killed === true) return { isLate: true };
    // An exit code: `docker` without the plugin.
    if (typeof code !== 'string' || ABSENT.has(code)) return {};
    throw error;
  }
}

export function isNewEnough(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, least] of OLDEST.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
