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
 * @throws PortrampError COMPOSE_MISSING, COMPOSE_TOO_OLD, naming what was found.
 */
export async function findCompose(environment: Environment): Promise<ComposeBinary> {
  const chosen = environment['PORTRAMP_COMPOSE'];
  const candidates = chosen === undefined || chosen === '' ? KNOWN : [splitCommand(chosen)];
  const old: string[] = [];
  for (const command of candidates) {
    const version = await askVersion(command, environment);
    if (version === undefined) continue;
    if (isNewEnough(version)) return { command, version };
    old.push(`${command.join(' ')} is ${version}`);
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

type Command = ComposeBinary['command'];

const KNOWN: readonly Command[] = [['docker', 'compose'], ['docker-compose'], ['podman', 'compose']];

/** A path may hold spaces; anything else is a program and its arguments. */
function splitCommand(text: string): Command {
  if (existsSync(text)) return [text];
  const [program = text, ...rest] = text.trim().split(/\s+/);
  return [program, ...rest];
}

async function askVersion(
  [program, ...first]: Command,
  environment: Environment,
): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, [...first, 'version', '--short'], {
      env: { ...environment },
      timeout: VERSION_TIMEOUT,
    });
    return /\d+\.\d+\.\d+/.exec(stdout)?.[0];
  } catch {
    // Not installed, or `docker` without the plugin.
    return undefined;
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
