/**
 * macOS: `lsof` sees the sockets of this user's processes, `netstat` those of everybody without saying whose they
 * are, `ps` the processes. Their formats are those of the manual pages.
 */
import { performance } from 'node:perf_hooks';

import type { ProcessFacts } from '../owner.ts';
import { runTool } from './commands.ts';
import type { Listener, System } from './system.ts';

const PS_COLUMNS = 'pid=,ppid=,pgid=,stat=,lstart=';

export function createMacosSystem(run: typeof runTool = runTool): System {
  let holders = new Map<string, number[]>();
  return {
    listListeners: () => {
      const own = parseLsofListeners(run('lsof', ['-nP', '-iTCP', '-sTCP:LISTEN', '-FpPdn']));
      holders = own.holders;
      const known = new Set(own.listeners.map(placeOf));
      const all = parseBsdNetstat(run('netstat', ['-anl', '-p', 'tcp']));
      return [...own.listeners, ...all.filter((listener) => !known.has(placeOf(listener)))];
    },
    countSockets: () => undefined,
    listProcesses: () => parsePs(run('ps', ['-axo', PS_COLUMNS])),
    readProcess: (pid) => parsePs(run('ps', ['-o', PS_COLUMNS, '-p', String(pid)]))[0],
    findHolders: (sockets) => new Map([...holders].filter(([id]) => sockets.has(id))),
    readMarker: (pid) => parseMarker(run('ps', ['-Eww', '-o', 'command=', '-p', String(pid)])),
    readCpuTime: () => performance.now(),
    describe: (pid) => {
      const command = run('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).trim();
      const cwd = /^n(.+)$/m.exec(run('lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-Fn']))?.[1];
      return { ...(command === '' ? {} : { command }), ...(cwd === undefined ? {} : { cwd }) };
    },
  };
}

const placeOf = ({ address, port }: Listener): string => `${address} ${port}`;

export interface LsofListeners {
  readonly listeners: Listener[];
  readonly holders: Map<string, number[]>;
}

/**
 * `lsof -F`: one field a line; `p` begins a process, `f` one of its files, `d` is the socket's address in the
 * kernel (shared by those who inherited it), `n` the name (`127.0.0.1:3000`, `[::1]:3000`, `*:3000`).
 */
export function parseLsofListeners(text: string): LsofListeners {
  const listeners = new Map<string, Listener>();
  const holders = new Map<string, number[]>();
  let pid = 0;
  let device = '';
  for (const line of text.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) pid = Number(value);
    else if (line.startsWith('f')) device = '';
    else if (line.startsWith('d')) device = value;
    else if (line.startsWith('n')) {
      const place = splitName(value, ':');
      if (place === undefined) continue;
      const id = device === '' ? `${pid} ${value}` : device;
      listeners.set(id, { id, ...place });
      const before = holders.get(id) ?? [];
      if (!before.includes(pid)) holders.set(id, [...before, pid]);
    }
  }
  return { listeners: [...listeners.values()], holders };
}

/** `netstat -anl -p tcp` of the BSDs: the last dot of the local address begins the port. */
export function parseBsdNetstat(text: string): Listener[] {
  return text.split('\n').flatMap((line) => {
    const [protocol = '', , , local = '', , state] = line.trim().split(/\s+/);
    if (!protocol.startsWith('tcp') || state !== 'LISTEN') return [];
    const place = splitName(local, '.');
    return place === undefined ? [] : [{ id: `${protocol} ${local}`, ...place }];
  });
}

function splitName(name: string, separator: string): { address: string; port: number } | undefined {
  const at = name.lastIndexOf(separator);
  const port = Number(name.slice(at + 1));
  if (at < 1 || !Number.isInteger(port) || port < 1) return undefined;
  // A link-local address carries its interface: `fe80::1%lo0`.
  return {
    address: name
      .slice(0, at)
      .replace(/^\[|\]$/g, '')
      .replace(/%.*$/, ''),
    port,
  };
}

/** Zombies are left out. The session column of macOS is an address, not an id: the group has to do. */
export function parsePs(text: string): ProcessFacts[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+)$/.exec(line);
    if (match === null || match[4]?.startsWith('Z')) return [];
    const [, pid, ppid, pgrp, , startTime = ''] = match;
    return [
      { pid: Number(pid), ppid: Number(ppid), pgrp: Number(pgrp), session: 0, startTime: startTime.trim() },
    ];
  });
}

/** `ps -E` prints the environment behind the command; an argument that only looks like the marker is ours too. */
export const parseMarker = (text: string): string | undefined => /(?:^|\s)PORTRAMP_RUN=(\S+)/.exec(text)?.[1];
