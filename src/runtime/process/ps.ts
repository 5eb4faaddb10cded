/** Lists processes with `ps`, where there is no `/proc`. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { ProcessEntry } from './table.ts';

/** Milliseconds. */
const TIMEOUT = 5_000;

/** @throws where `ps` cannot be run now */
export async function listWithPs(): Promise<ProcessEntry[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'pid=,ppid=,pgid=,stat=,lstart='], {
    encoding: 'utf8',
    // `lstart` is a date in words: it is compared with what `lib/process-identity` reads.
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 16 * 1024 * 1024,
    timeout: TIMEOUT,
  });
  return parsePs(stdout);
}

/** Parses what `ps -axo pid=,ppid=,pgid=,stat=,lstart=` prints; zombies are left out. */
export function parsePs(text: string): ProcessEntry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line);
    if (match === null || match[4]?.startsWith('Z')) return [];
    const [, pid, ppid, pgrp, , startTime = ''] = match;
    return [
      {
        pid: Number(pid),
        ppid: Number(ppid),
        pgrp: Number(pgrp),
        startTime: startTime.trim(),
        markers: [],
      },
    ];
  });
}
