/**
 * Windows: `netstat` knows the process of every socket, the CIM class Win32_Process who started whom. There are
 * no process groups, and the environment of others cannot be read: what belongs is found through its ancestors.
 */
import { performance } from 'node:perf_hooks';

import type { ProcessFacts } from '../owner.ts';
import { runTool } from './commands.ts';
import type { Listener, System } from './system.ts';

/** Start times as text: they are larger than a JavaScript number can hold exactly. */
const PROCESSES = [
  'ConvertTo-Json -Compress -InputObject @(Get-CimInstance Win32_Process | ForEach-Object {',
  '@{ pid = $_.ProcessId; ppid = $_.ParentProcessId; command = $_.CommandLine;',
  'started = if ($_.CreationDate) { [string]$_.CreationDate.ToFileTimeUtc() } else { "" } } })',
].join(' ');

interface WindowsProcess extends ProcessFacts {
  readonly command: string | undefined;
}

export function createWindowsSystem(run: typeof runTool = runTool): System {
  let holders = new Map<string, number[]>();
  let processes = new Map<number, WindowsProcess>();
  const readAll = (): WindowsProcess[] => {
    const list = parseWindowsProcesses(
      run('powershell', ['-NoProfile', '-NonInteractive', '-Command', PROCESSES]),
    );
    processes = new Map(list.map((one) => [one.pid, one]));
    return list;
  };
  return {
    listListeners: () => {
      const found = parseWindowsNetstat(run('netstat', ['-ano']));
      holders = new Map(found.map(({ id, pid }) => [id, [pid]]));
      return found.map(({ id, address, port }) => ({ id, address, port }));
    },
    countSockets: () => undefined,
    listProcesses: readAll,
    // Asking for one costs as much as asking for all.
    readProcess: (pid) => processes.get(pid) ?? readAll().find((one) => one.pid === pid),
    findHolders: (sockets) => new Map([...holders].filter(([id]) => sockets.has(id))),
    readMarker: () => undefined,
    readCpuTime: () => performance.now(),
    describe: (pid) => {
      const command = processes.get(pid)?.command;
      return command === undefined ? {} : { command };
    },
  };
}

/**
 * `netstat -ano`: protocol, local address, foreign address, state, pid. The state is a word of the system's
 * language; a socket that listens is the one whose foreign address has port 0.
 */
export function parseWindowsNetstat(text: string): (Listener & { readonly pid: number })[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const [protocol, local = '', foreign = ''] = words;
    const pid = Number(words.at(-1));
    if (protocol !== 'TCP' || !/^(0\.0\.0\.0|\[::\]):0$/.test(foreign) || !Number.isInteger(pid)) return [];
    const at = local.lastIndexOf(':');
    const address = local
      .slice(0, at)
      .replace(/^\[|\]$/g, '')
      .replace(/%.*$/, '');
    return [{ id: `${local} ${pid}`, address, port: Number(local.slice(at + 1)), pid }];
  });
}

interface Row {
  readonly pid: number;
  readonly ppid: number;
  readonly command?: string | null;
  readonly started: string;
}

export function parseWindowsProcesses(text: string): WindowsProcess[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const rows = Array.isArray(value) ? value.filter(isRow) : [];
  const started = new Map(rows.map((row) => [row.pid, BigInt(row.started || 0)]));
  return rows.map((row) => {
    // The pid of a parent that is gone may be another process by now: one that started later than its child.
    const parent = started.get(row.ppid);
    const isParent = parent !== undefined && parent <= BigInt(row.started || 0);
    return {
      pid: row.pid,
      ppid: isParent ? row.ppid : 0,
      pgrp: 0,
      session: 0,
      startTime: row.started,
      command: row.command ?? undefined,
    };
  });
}

function isRow(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'pid' in value &&
    typeof value.pid === 'number' &&
    'ppid' in value &&
    typeof value.ppid === 'number' &&
    'started' in value &&
    typeof value.started === 'string' &&
    /^\d*$/.test(value.started)
  );
}
