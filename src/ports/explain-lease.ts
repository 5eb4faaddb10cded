/** Says of a port that has another number than before, or than the contract pins, why. Pure. */
import {
  isSameKey,
  workspaceOf,
  type LeasePort,
  type Ledger,
  type LedgerLease,
  type LedgerStack,
} from './ledger.ts';
import { findObjection, type PortRules } from './range.ts';

/** The facts from which numbers are chosen. */
export interface AllocationFacts {
  readonly ledger: Ledger;
  readonly stack: LedgerStack;
  readonly rules: PortRules;
  /** The leases that the stack had before. */
  readonly heldBy: (port: LeasePort) => LedgerLease | undefined;
  /** The lease of another stack on this number. */
  readonly otherOn: (number: number) => LedgerLease | undefined;
}

interface AskedPort extends LeasePort {
  /** The number that the contract pins. */
  readonly static?: number | undefined;
  /** How many numbers in a row it needs; absent is 1. */
  readonly span?: number | undefined;
}

/** @returns undefined where the port has the number that is to be expected */
export function explainLease(
  facts: AllocationFacts,
  port: AskedPort,
  lease: LedgerLease | undefined,
): string | undefined {
  if (lease === undefined) return undefined;
  return port.static === undefined || lease.number === port.static
    ? explainMove(facts, port, lease)
    : explainPin(facts, port, port.static, lease);
}

function explainPin(facts: AllocationFacts, port: AskedPort, pinned: number, lease: LedgerLease): string {
  const what = `${port.service}.${port.port}`;
  if (!facts.stack.main) {
    return `${what} is pinned to port ${pinned} in the main checkout; here it has ${lease.number}`;
  }
  const other = facts.otherOn(pinned);
  if (other === undefined)
    return `${what} has port ${lease.number} in place of ${pinned}, which was not free`;
  const who = `${other.service} of ${describeOther(facts.ledger, other)}`;
  return `${what} is pinned to port ${pinned}, which ${who} has; here it has ${lease.number}`;
}

function describeOther({ stacks }: Ledger, lease: LedgerLease): string {
  const holder = stacks.find((one) => isSameKey(one, lease));
  if (holder !== undefined) return `${holder.slug} (${lease.root})`;
  const shared = stacks.find((one) => isSameKey(workspaceOf(one), lease));
  return shared === undefined ? `another stack (${lease.root})` : `all branches of ${shared.workspace}`;
}

function explainMove(
  { heldBy, rules }: AllocationFacts,
  port: AskedPort,
  lease: LedgerLease,
): string | undefined {
  const before = heldBy(port);
  if (before === undefined || before.number === lease.number || lease.number === port.static)
    return undefined;
  const { span = 1 } = port;
  if ((before.span ?? 1) < span) {
    return `${port.service}.${port.port} moved from port ${before.number} to ${lease.number}, where ${span} in a row are free`;
  }
  const why = findObjection(rules, port.service, before.number) ?? 'pinned for another port';
  return `${port.service}.${port.port} moved from port ${before.number}, which is now ${why}, to ${lease.number}`;
}
