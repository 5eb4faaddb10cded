/**
 * Which stack a host name leads to. Pure. Names below the stack's own slug are its own, and nobody else gets
 * `SLUG.localhost` itself; every other name goes to the first that asks, and nothing is ever taken over.
 */
import { PortrampError } from '../lib/errors.ts';
import { isSameKey, type Ledger, type LedgerKey, type LedgerStack } from '../ports/ledger.ts';
import type { StackSnapshot } from '../protocol/messages.ts';

export interface HostGrant {
  readonly granted: readonly string[];
  /** Host → slug of the stack that holds it. */
  readonly refused: Readonly<Record<string, string>>;
  /** Host → slug of the stack of another workspace that had it, and rests. */
  readonly borrowed: Readonly<Record<string, string>>;
}

export interface HostFacts {
  readonly isAlive: (key: LedgerKey) => boolean;
  readonly isAttached: (key: LedgerKey) => boolean;
  /** Whether the stack that asks may have the short names of any that rests: it has just been started. */
  readonly borrows: boolean;
}

/** Kept for portramp's own pages. */
const RESERVED = 'portramp.localhost';

/** A name of two labels or more; `*.` in front stands for one label or more. The last label is no number: no address. */
const HOST = /^(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Judges a whole snapshot's hosts at once.
 * @throws PortrampError BAD_MESSAGE for one that is no host name.
 */
export function grantHosts(
  ledger: Ledger,
  stack: LedgerStack,
  hosts: readonly string[],
  facts: HostFacts,
): HostGrant {
  for (const host of hosts) {
    if (!HOST.test(host)) {
      throw new PortrampError('BAD_MESSAGE', `"${host}" is not a host name that the front can serve`);
    }
  }
  const granted: string[] = [];
  const refused: Record<string, string> = {};
  const borrowed: Record<string, string> = {};
  for (const host of new Set(hosts)) {
    const holder = holderOf(ledger, stack, host, facts);
    if (holder !== undefined) {
      refused[host] = holder;
      continue;
    }
    granted.push(host);
    const lender = lenderOf(ledger, stack, host, facts);
    if (lender !== undefined) borrowed[host] = lender;
  }
  return { granted, refused, borrowed };
}

function holderOf(ledger: Ledger, stack: LedgerStack, host: string, facts: HostFacts): string | undefined {
  if (host === RESERVED) return 'portramp';
  if (isBelow(host, stack)) return undefined;
  const isOthers = (key: LedgerKey | undefined): key is LedgerKey =>
    key !== undefined && !isSameKey(key, stack) && !isFree(ledger, stack, key, host, facts);
  const key = [host, ...wildcardsOver(host)].map((name) => ledger.hosts[name]).find(isOthers);
  if (key !== undefined) return ledger.stacks.find((other) => isSameKey(other, key))?.slug ?? 'another stack';
  return ledger.stacks.find(
    (other) =>
      !isSameKey(other, stack) &&
      (isBelow(host, other) || host === `${other.slug}.localhost`) &&
      facts.isAlive(other),
  )?.slug;
}

const isBelow = (host: string, { slug }: LedgerStack): boolean => host.endsWith(`.${slug}.localhost`);

/** `a.b.c` → `*.b.c`, `*.c`: who holds one of these was granted the name too. */
function wildcardsOver(host: string): string[] {
  const labels = host.replace(/^\*\./, '').split('.');
  return labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
}

/**
 * A name of a stack that is gone, or that rests and belongs to the same workspace (another environment). A short
 * name of any stack that rests goes to one that is started, and back in the same way.
 */
function isFree(ledger: Ledger, stack: LedgerStack, key: LedgerKey, host: string, facts: HostFacts): boolean {
  if (!facts.isAlive(key)) return true;
  if (facts.isAttached(key)) return false;
  const holder = ledger.stacks.find((other) => isSameKey(other, key));
  return holder?.workspaceId === stack.workspaceId || (facts.borrows && isShort(host));
}

/** `api.localhost`: made from the name of a service alone, so that several stacks may want it. */
export const isShort = (host: string): boolean => /^[^.*]+\.localhost$/.test(host);

function lenderOf(ledger: Ledger, stack: LedgerStack, host: string, facts: HostFacts): string | undefined {
  const key = ledger.hosts[host];
  if (key === undefined || isSameKey(key, stack) || !facts.isAlive(key)) return undefined;
  const holder = ledger.stacks.find((other) => isSameKey(other, key));
  return holder?.workspaceId === stack.workspaceId ? undefined : holder?.slug;
}

/** The snapshot without the hosts that were refused. */
export function withoutRefused(snapshot: StackSnapshot, refused: HostGrant['refused']): StackSnapshot {
  if (Object.keys(refused).length === 0) return snapshot;
  const stays = (host: string): boolean => !Object.hasOwn(refused, host);
  return {
    ...snapshot,
    routes: snapshot.routes.filter((route) => stays(route.host)),
    services: snapshot.services.map((service) => ({
      ...service,
      ports: service.ports.map((port) => ({ ...port, hosts: port.hosts.filter(stays) })),
    })),
  };
}
