import { execFileSync } from 'node:child_process';

/** Milliseconds. */
const TIMEOUT = 10_000;

/** What a program of the system prints, in the one language; empty when it fails. */
export function runTool(file: string, args: readonly string[]): string {
  try {
    return execFileSync(file, args, {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: TIMEOUT,
      windowsHide: true,
    });
  } catch (error) {
    // lsof exits with 1 when one of many things asked for was not found, after it printed the others.
    return hasOutput(error) ? error.stdout : '';
  }
}

const hasOutput = (error: unknown): error is { stdout: string } =>
  typeof error === 'object' && error !== null && 'stdout' in error && typeof error.stdout === 'string';
