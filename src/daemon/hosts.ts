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
}

export interface HostFacts {
  readonly isAlive: (key: LedgerKey) => boolean;
  readonly isAttached: (key: LedgerKey) => boolean;
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
  for (const host of new Set(hosts)) {
    const holder = holderOf(ledger, stack, host, facts);
    if (holder === undefined) granted.push(host);
    else refused[host] = holder;
  }
  return { granted, refused };
}

function holderOf(ledger: Ledger, stack: LedgerStack, host: string, facts: HostFacts): string | undefined {
  if (host === RESERVED) return 'portramp';
  if (isBelow(host, stack)) return undefined;
  const isOthers = (key: LedgerKey | undefined): key is LedgerKey =>
    key !== undefined && !isSameKey(key, stack) && !isFree(ledger, stack, key, facts);
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

/** A name of a stack that is gone, or that rests and belongs to the same workspace (another environment). */
function isFree(ledger: Ledger, stack: LedgerStack, key: LedgerKey, facts: HostFacts): boolean {
  if (!facts.isAlive(key)) return true;
  const holder = ledger.stacks.find((other) => isSameKey(other, key));
  return holder?.workspaceId === stack.workspaceId && !facts.isAttached(key);
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
