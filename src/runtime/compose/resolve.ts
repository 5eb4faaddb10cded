/** Asks Compose what its files come to. Needs no engine. */
import { spawn } from 'node:child_process';

import { PortrampError, messageOf } from '../../lib/errors.ts';
import { spawned } from '../../lib/spawned.ts';
import type { ComposeBinary } from './binary.ts';
import { explainFailure, readLog } from './failure.ts';

/** One way of calling Compose: everything but the command. */
export interface ComposeCall {
  readonly binary: ComposeBinary;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Options before the command, as written. */
  readonly options: readonly string[];
  readonly files: readonly string[];
  readonly profiles: readonly string[];
  /** Absent where Compose finds the name itself. */
  readonly projectName?: string | undefined;
}

export interface Resolved {
  /** What `config --format json` printed. */
  readonly json: unknown;
  /** What Compose warns about, such as variables that are not set. */
  readonly warnings: readonly string[];
}

/** A remote `include` is fetched (milliseconds). */
const CONFIG_TIMEOUT = 120_000;

/** How long a Compose that is late may take to take back what it has begun (milliseconds). */
const GRACE = 10_000;

/** The words after the program. */
export const composeWords = ({ binary, options, files, profiles, projectName }: ComposeCall): string[] => [
  ...binary.command.slice(1),
  ...options,
  ...(projectName === undefined ? [] : ['--project-name', projectName]),
  ...files.flatMap((file) => ['--file', file]),
  ...profiles.flatMap((profile) => ['--profile', profile]),
];

/**
 * The resolved project. `override`: a last file that is not on disk yet.
 * @throws PortrampError COMPOSE_INVALID with Compose's own words.
 */
export async function resolveProject(call: ComposeCall, override?: string): Promise<Resolved> {
  const files = override === undefined ? call.files : [...call.files, '-'];
  const { code, stdout, stderr } = await runCompose({ ...call, files }, ['config', '--format', 'json'], {
    input: override ?? '',
    timeout: CONFIG_TIMEOUT,
  });
  const { warnings } = readLog(stderr);
  if (code !== 0) {
    const { message, hint } = explainFailure(stderr, code);
    throw new PortrampError('COMPOSE_INVALID', message, { hint });
  }
  try {
    return { json: JSON.parse(stdout) as unknown, warnings };
  } catch (error) {
    throw new PortrampError(
      'COMPOSE_INVALID',
      `"docker compose config" printed no JSON: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

export interface Answer {
  /** -1 when it was ended by a signal or the timeout. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one Compose command to its end. @throws PortrampError COMPOSE_MISSING when it cannot be started. */
export function runCompose(
  call: ComposeCall,
  words: readonly string[],
  { input = '', timeout }: { readonly input?: string; readonly timeout: number },
): Promise<Answer> {
  const [program] = call.binary.command;
  return new Promise((settle, reject) => {
    const child = spawned(
      spawn(program, [...composeWords(call), ...words], {
        cwd: call.cwd,
        env: { ...call.environment },
        stdio: ['pipe', 'pipe', 'pipe'],
        timeout,
      }),
    );
    const kill = setTimeout(() => child.kill('SIGKILL'), timeout + GRACE).unref();
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A Compose that fails early does not read what it is given.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', (error) => {
      reject(new PortrampError('COMPOSE_MISSING', `${program} could not be started: ${messageOf(error)}`));
    });
    child.once('close', (code) => {
      clearTimeout(kill);
      settle({ code: code ?? -1, stdout: text(stdout), stderr: text(stderr) });
    });
  });
}

const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');
