/** Reads for a pass what it needs of the system, once and only if it is needed, and what one pass leaves to the next. */
import type { Claim } from './findings.ts';
import type { Evidence, ProcessFacts } from './owner.ts';
import type { Listener, System } from './system/system.ts';

/** The facts that stay true from pass to pass. */
export interface Memory {
  /** Sockets that were found to belong, by marker: a socket does not change hands as long as it exists. */
  readonly proved: Map<string, Set<string>>;
  /** Sockets on other ports that were found not to belong, by marker. */
  readonly foreign: Map<string, Set<string>>;
  /** Descendants that were seen, by marker: pid → start time. */
  readonly recorded: Map<string, Map<number, string>>;
  /** The processes that have a socket open, by socket; empty when nobody can see. */
  readonly holders: Map<string, readonly number[]>;
  /** Sockets that were found not to belong to an instance: their holders are looked for again, unless another has them. */
  readonly doubted: Set<string>;
  /** Markers, by pid and start time: a program may overwrite its own later. */
  readonly markers: Map<string, string | undefined>;
  keepOnly(claims: readonly Claim[]): void;
  keepSockets(listeners: readonly Listener[]): void;
}

export function createMemory(): Memory {
  const proved: Memory['proved'] = new Map();
  const foreign: Memory['foreign'] = new Map();
  const recorded: Memory['recorded'] = new Map();
  const holders: Memory['holders'] = new Map();
  return {
    proved,
    foreign,
    recorded,
    holders,
    doubted: new Set(),
    markers: new Map(),
    keepOnly: (claims) => {
      const alive = new Set(claims.map(({ instance }) => instance.marker));
      for (const map of [proved, foreign, recorded]) {
        for (const marker of map.keys()) if (!alive.has(marker)) map.delete(marker);
      }
    },
    keepSockets: (listeners) => {
      const ids = new Set(listeners.map(({ id }) => id));
      for (const id of holders.keys()) if (!ids.has(id)) holders.delete(id);
      for (const known of [...proved.values(), ...foreign.values()]) {
        for (const id of known) if (!ids.has(id)) known.delete(id);
      }
    },
  };
}

/** The tables that are read at most once in a pass, and only if it is needed. */
export interface Pass {
  readonly system: System;
  readonly memory: Memory;
  readonly processes: () => ReadonlyMap<number, ProcessFacts>;
  readonly evidenceFor: (marker: string) => Evidence;
  /** Processes of all claims' instances, as far as their family tells. */
  readonly members: () => readonly number[];
}

export function beginPass(system: System, memory: Memory, claims: readonly Claim[]): Pass {
  let processes: Map<number, ProcessFacts> | undefined;
  let members: number[] | undefined;
  const listProcesses = (): Map<number, ProcessFacts> => {
    if (processes === undefined) {
      processes = new Map(system.listProcesses().map((facts) => [facts.pid, facts]));
      forgetMarkers(memory, processes);
      members = recordDescendants(memory, claims, processes);
    }
    return processes;
  };
  const factsOf = (pid: number): ProcessFacts | undefined => {
    // Somebody may have been born since the list was made.
    const facts = listProcesses().get(pid) ?? system.readProcess(pid);
    if (facts !== undefined) processes?.set(pid, facts);
    return facts;
  };
  const markerOf = (pid: number): string | undefined => {
    const key = `${pid} ${factsOf(pid)?.startTime ?? ''}`;
    if (!memory.markers.has(key)) memory.markers.set(key, system.readMarker(pid));
    return memory.markers.get(key);
  };
  return {
    system,
    memory,
    processes: listProcesses,
    evidenceFor: (marker) => ({ factsOf, markerOf, recorded: memory.recorded.get(marker) ?? NOBODY }),
    members: () => {
      listProcesses();
      return members ?? [];
    },
  };
}

const NOBODY: ReadonlyMap<number, string> = new Map();

function forgetMarkers(memory: Memory, processes: ReadonlyMap<number, ProcessFacts>): void {
  for (const key of memory.markers.keys()) {
    const [pid, startTime] = key.split(' ', 2);
    if (processes.get(Number(pid))?.startTime !== startTime) memory.markers.delete(key);
  }
}

/** Remembers who is family now, because tomorrow the parents may be gone. Returns all of them. */
function recordDescendants(
  memory: Memory,
  claims: readonly Claim[],
  processes: ReadonlyMap<number, ProcessFacts>,
): number[] {
  const children = new Map<number, ProcessFacts[]>();
  const sessions = new Map<number, ProcessFacts[]>();
  for (const facts of processes.values()) {
    pushTo(children, facts.ppid, facts);
    pushTo(sessions, facts.session || facts.pgrp, facts);
  }
  const members: number[] = [];
  for (const { instance } of claims) {
    const recorded = memory.recorded.get(instance.marker) ?? new Map<number, string>();
    for (const [pid, startTime] of recorded) {
      if (processes.get(pid)?.startTime !== startTime) recorded.delete(pid);
    }
    const leader = processes.get(instance.pid);
    const roots = [...recorded.keys()];
    if (leader === undefined || leader.startTime === instance.startTime) {
      roots.push(instance.pid, ...(sessions.get(instance.pid) ?? []).map(({ pid }) => pid));
    }
    for (const facts of familyOf(roots, children, processes)) recorded.set(facts.pid, facts.startTime);
    memory.recorded.set(instance.marker, recorded);
    members.push(...recorded.keys());
  }
  return members;
}

export function pushTo<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function familyOf(
  roots: readonly number[],
  children: ReadonlyMap<number, readonly ProcessFacts[]>,
  processes: ReadonlyMap<number, ProcessFacts>,
): ProcessFacts[] {
  const found = new Map<number, ProcessFacts>();
  const open = [...roots];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    const facts = processes.get(pid);
    if (found.has(pid) || facts === undefined) continue;
    found.set(pid, facts);
    open.push(...(children.get(pid) ?? []).map((child) => child.pid));
  }
  return [...found.values()];
}
