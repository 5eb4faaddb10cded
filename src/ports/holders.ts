/** Who holds a port: process, command and directory, as far as this user may see them. */
import { execFile } from 'node:child_process';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

import type { Holder } from '../lib/holder.ts';
import { describePid } from '../lib/process-description.ts';
import { parseSocketTable } from './socket-table.ts';
import { parseWindowsNetstat } from './system/windows.ts';

export interface PortHolder extends Holder {
  readonly address?: string;
}

/** The listeners on a TCP port, else whatever socket occupies it; empty when that cannot be found out. */
export async function holdersOf(port: number): Promise<PortHolder[]> {
  if (process.platform === 'linux') return holdersOnLinux(port);
  const found = process.platform === 'win32' ? await listFromNetstat(port) : await listFromLsof(port);
  return Promise.all(
    found.map(async (holder) => ({
      ...holder,
      ...(holder.pid === undefined ? {} : await describePid(holder.pid)),
    })),
  );
}

async function holdersOnLinux(port: number): Promise<PortHolder[]> {
  const tables = await Promise.all(['tcp', 'tcp6'].map(readTable));
  const sockets = tables.flatMap(parseSocketTable).filter((socket) => socket.port === port);
  const listeners = sockets.filter((socket) => socket.listening);
  const occupants = listeners.length > 0 ? listeners : sockets;
  if (occupants.length === 0) return [];
  const owners = await findOwners(new Set(occupants.map((socket) => socket.inode)));
  const holders = new Map<string, PortHolder>();
  for (const { inode, address } of occupants) {
    for (const pid of owners.get(inode) ?? [undefined]) {
      const key = `${pid ?? `inode ${inode}`}`;
      if (!holders.has(key)) {
        holders.set(key, pid === undefined ? { address } : { pid, address, ...(await describePid(pid)) });
      }
    }
  }
  return [...holders.values()];
}

const readTable = (name: string): Promise<string> => readFile(`/proc/net/${name}`, 'utf8').catch(() => '');

/** Socket inode → the processes that have it open. Those of other users cannot be looked into. */
async function findOwners(inodes: ReadonlySet<string>): Promise<Map<string, number[]>> {
  const owners = new Map<string, number[]>();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
    for (const inode of new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? ''))) {
      if (inodes.has(inode)) owners.set(inode, [...(owners.get(inode) ?? []), Number(pid)]);
    }
  }
  return owners;
}

async function listFromNetstat(port: number): Promise<PortHolder[]> {
  try {
    const { stdout } = await promisify(execFile)('netstat', ['-ano'], { timeout: 5_000, windowsHide: true });
    const holders = parseWindowsNetstat(stdout).filter((listener) => listener.port === port);
    return holders.map(({ pid, address }) => ({ pid, address }));
  } catch {
    return [];
  }
}

async function listFromLsof(port: number): Promise<PortHolder[]> {
  try {
    const { stdout } = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpcn'], {
      timeout: 5_000,
    });
    return parseLsof(stdout);
  } catch {
    return [];
  }
}

/** `lsof -F`: one field a line, `p` begins a process, `c` is its command, `n` a name (address:port). */
export function parseLsof(text: string): PortHolder[] {
  const holders: { pid: number; command?: string; address?: string }[] = [];
  for (const line of text.split('\n')) {
    const value = line.slice(1);
    const last = holders.at(-1);
    if (line.startsWith('p')) holders.push({ pid: Number(value) });
    else if (last !== undefined && line.startsWith('c')) last.command = value;
    else if (last !== undefined && line.startsWith('n')) last.address ??= value.replace(/:\d+$/, '');
  }
  return holders;
}
