/**
 * Whose process is it? Pure judgement: a process belongs to an instance when it, or a process it descends from, is
 * the instance's leader, was recorded as its descendant before, is in its session or process group, or carries its
 * run marker. Each catches what another misses: a double-forked server has lost its ancestors, `setsid` its session
 * and group, `env -i` its marker.
 */

/** An instance, as its runner knows it. */
export interface InstanceMark {
  /** Of the leader, which is also the id of its session and process group. */
  readonly pid: number;
  /** As `lib/process-identity` reads it: only equality means something. */
  readonly startTime: string;
  /** The value of PORTRAMP_RUN. */
  readonly marker: string;
}

export interface ProcessFacts {
  readonly pid: number;
  readonly ppid: number;
  /** 0 where the system has no such thing. */
  readonly pgrp: number;
  readonly session: number;
  readonly startTime: string;
}

/** What the judgement may look at. */
export interface Evidence {
  /** Undefined for a process that is gone. */
  readonly factsOf: (pid: number) => ProcessFacts | undefined;
  /** The value of PORTRAMP_RUN; undefined when there is none, or it cannot be seen. */
  readonly markerOf: (pid: number) => string | undefined;
  /** Descendants of the instance that were seen before: pid → start time. */
  readonly recorded: ReadonlyMap<number, string>;
}

/** Why a process belongs. */
export type Bond = 'ancestor' | 'recorded' | 'session' | 'group' | 'marker';

/** How far up it is worth to look; a chain that is longer is a loop of reused pids. */
const MAX_DEPTH = 256;

/** The bond between a process and an instance; undefined when there is none, `gone` when nobody can tell any more. */
export function findBond(pid: number, instance: InstanceMark, evidence: Evidence): Bond | 'gone' | undefined {
  if (evidence.factsOf(pid) === undefined) return 'gone';
  const leader = evidence.factsOf(instance.pid);
  // A dead leader's pid is not given away while its session lives. Where it was, the session is gone.
  const isReused = leader !== undefined && leader.startTime !== instance.startTime;
  let next = pid;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const facts = evidence.factsOf(next);
    if (facts === undefined) return undefined;
    if (!isReused && facts.pid === instance.pid) return 'ancestor';
    if (evidence.recorded.get(facts.pid) === facts.startTime) return 'recorded';
    if (!isReused && facts.session === instance.pid) return 'session';
    if (!isReused && facts.pgrp === instance.pid) return 'group';
    if (evidence.markerOf(facts.pid) === instance.marker) return 'marker';
    if (facts.ppid <= 1 || facts.ppid === facts.pid) return undefined;
    next = facts.ppid;
  }
  return undefined;
}

export type Verdict =
  | { readonly kind: 'belongs' }
  /** Somebody else's; `pid` is the first of those that hold the socket. */
  | { readonly kind: 'stranger'; readonly pid: number }
  /** Nobody can see whose it is: another user's, mostly. */
  | { readonly kind: 'unknown' }
  /** Its holders are just ending: look again. */
  | { readonly kind: 'unsettled' };

/** Judges a listening socket by the processes that have it open. One that belongs is enough: sockets are inherited. */
export function judgeSocket(pids: readonly number[], instance: InstanceMark, evidence: Evidence): Verdict {
  if (pids.length === 0) return { kind: 'unknown' };
  const bonds = pids.map((pid) => findBond(pid, instance, evidence));
  if (bonds.some((bond) => bond !== undefined && bond !== 'gone')) return { kind: 'belongs' };
  const stranger = pids.find((_, index) => bonds[index] === undefined);
  return stranger === undefined ? { kind: 'unsettled' } : { kind: 'stranger', pid: stranger };
}
