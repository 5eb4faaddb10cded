/**
 * Which stack a host name leads to. Pure. Names below the stack's own slug are its own; every other name goes
 * to the first that asks, and nothing is ever taken over.
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

const HOST = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+localhost$/;

/**
 * Judges a whole snapshot's hosts at once.
 * @throws PortrampError BAD_MESSAGE for one that is no host name below `.localhost`, or is there twice.
 */
export function grantHosts(
  ledger: Ledger,
  stack: LedgerStack,
  hosts: readonly string[],
  facts: HostFacts,
): HostGrant {
  checkHosts(hosts);
  const granted: string[] = [];
  const refused: Record<string, string> = {};
  for (const host of hosts) {
    const holder = holderOf(ledger, stack, host, facts);
    if (holder === undefined) granted.push(host);
    else refused[host] = holder;
  }
  return { granted, refused };
}

function checkHosts(hosts: readonly string[]): void {
  const seen = new Set<string>();
  for (const host of hosts) {
    if (!HOST.test(host)) {
      throw new PortrampError('BAD_MESSAGE', `"${host}" is not a host name that the front can serve`);
    }
    if (seen.has(host)) throw new PortrampError('BAD_MESSAGE', `two routes claim the host ${host}`);
    seen.add(host);
  }
}

function holderOf(ledger: Ledger, stack: LedgerStack, host: string, facts: HostFacts): string | undefined {
  if (host === RESERVED) return 'portramp';
  if (host.endsWith(`.${stack.slug}.localhost`)) return undefined;
  const key = ledger.hosts[host];
  if (key !== undefined && isSameKey(key, stack)) return undefined;
  if (key !== undefined && !isFree(ledger, stack, key, facts)) {
    return ledger.stacks.find((other) => isSameKey(other, key))?.slug ?? 'another stack';
  }
  return ledger.stacks.find(
    (other) => !isSameKey(other, stack) && host.endsWith(`.${other.slug}.localhost`) && facts.isAlive(other),
  )?.slug;
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
