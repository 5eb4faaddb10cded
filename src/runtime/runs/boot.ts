import { readFileSync } from 'node:fs';

/**
 * Which start of the machine this is, where the system tells: a pid and its start time, counted from there, may name
 * somebody else after the next one.
 */
export function bootId(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}
