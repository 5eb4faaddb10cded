/**
 * The lease ledger: which stack has which name, which numbers and which hosts, for ever. Immutable data and
 * pure operations; `ledger-file.ts` keeps it on disk.
 */
import { z } from 'zod';

import { PortrampError } from '../lib/errors.ts';

/** The format that this code reads and writes. A file of a higher one is refused, never set aside. */
export const LEDGER_VERSION = 1;

const port = z.number().int().min(1).max(65535);
const stackKey = z.object({ root: z.string(), environment: z.string() });

const ledgerStack = stackKey.extend({
  workspace: z.string(),
  workspaceId: z.string(),
  main: z.boolean(),
  branch: z.string().optional(),
  slug: z.string(),
  index: z.number().int().min(0),
  /** ISO 8601, when the name was granted. */
  firstSeen: z.string(),
  /** Numbers that its contract reserves or pins: no other stack gets one of them by chance. */
  fenced: z.array(port).optional(),
});

const ledgerLease = stackKey.extend({
  service: z.string(),
  port: z.string(),
  number: port,
  /** What the contract pinned when the lease was granted; `number` differs where that could not be had. */
  static: port.optional(),
  /** Counts the numbers that the port has had; absent is 1. */
  generation: z.number().int().min(1).optional(),
  /** How many numbers in a row, from `number` on; absent is 1. */
  span: z.number().int().min(1).optional(),
  /** Stays when a runner publishes the stack without it: containers outlive the runner. */
  kept: z.boolean().optional(),
  /** The number that the service opened in its place, the last time or now. */
  borrowed: port.optional(),
});

export const ledgerSchema = z.object({
  version: z.literal(LEDGER_VERSION),
  stacks: z.array(ledgerStack),
  leases: z.array(ledgerLease),
  /** Host name → the stack that it leads to, running or not. */
  hosts: z.record(z.string(), stackKey),
});

export type Ledger = Readonly<z.output<typeof ledgerSchema>>;
export type LedgerStack = Readonly<z.output<typeof ledgerStack>>;
export type LedgerLease = Readonly<z.output<typeof ledgerLease>>;
export type LedgerKey = Readonly<z.output<typeof stackKey>>;

/** A port of a service, as the contract names it. */
export interface LeasePort {
  readonly service: string;
  readonly port: string;
}

/** Every number of a lease. */
export const numbersOf = ({ number, span = 1 }: Pick<LedgerLease, 'number' | 'span'>): number[] =>
  Array.from({ length: span }, (_, index) => number + index);

/** Tells whether the lease has the number, granted or borrowed. */
export const isOn = ({ number, span = 1, borrowed }: LedgerLease, wanted: number): boolean =>
  (number <= wanted && wanted < number + span) || borrowed === wanted;

/** Finds the lease of a number that another service has, of any stack. */
export const findOther = (
  ledger: Ledger,
  number: number,
  own: LedgerKey & { readonly service: string },
): LedgerLease | undefined =>
  ledger.leases.find(
    (lease) => isOn(lease, number) && !(isSameKey(lease, own) && lease.service === own.service),
  );

export const emptyLedger: Ledger = { version: LEDGER_VERSION, stacks: [], leases: [], hosts: {} };

export const isSameKey = (left: LedgerKey, right: LedgerKey): boolean =>
  left.root === right.root && left.environment === right.environment;

export const isSamePort = (left: LeasePort, right: LeasePort): boolean =>
  left.service === right.service && left.port === right.port;

/** The key as text, for maps. */
export const keyText = ({ root, environment }: LedgerKey): string => `${root}\0${environment}`;

export const findStack = (ledger: Ledger, key: LedgerKey): LedgerStack | undefined =>
  ledger.stacks.find((stack) => isSameKey(stack, key));

export const leasesOf = (ledger: Ledger, key: LedgerKey): LedgerLease[] =>
  ledger.leases.filter((lease) => isSameKey(lease, key));

/**
 * The holder of what all stacks of a workspace share in one environment. No list of stacks has it: the id of the
 * workspace stands where a stack has its root, and no path looks like one.
 */
export const workspaceOf = (stack: LedgerStack): LedgerStack => ({
  ...stack,
  root: stack.workspaceId,
  slug: '',
  main: true,
});

/** Adds the stack, or replaces what is known of it. */
export function putStack(ledger: Ledger, stack: LedgerStack): Ledger {
  return { ...ledger, stacks: [...ledger.stacks.filter((known) => !isSameKey(known, stack)), stack] };
}

/** Forgets stacks with all that they hold; the last one of a workspace takes along what they shared. */
export function removeStacks(ledger: Ledger, keys: readonly LedgerKey[]): Ledger {
  const named = new Set(keys.map(keyText));
  const isNamed = (key: LedgerKey): boolean => named.has(keyText(key));
  const stacks = ledger.stacks.filter((stack) => !isNamed(stack));
  const shared = new Set(stacks.map((stack) => keyText(workspaceOf(stack))));
  const gone = new Set([
    ...named,
    ...ledger.stacks.map((stack) => keyText(workspaceOf(stack))).filter((key) => !shared.has(key)),
  ]);
  const stays = (key: LedgerKey): boolean => !gone.has(keyText(key));
  return {
    ...ledger,
    stacks,
    leases: ledger.leases.filter(stays),
    hosts: Object.fromEntries(Object.entries(ledger.hosts).filter(([, key]) => stays(key))),
  };
}

export const addLeases = (ledger: Ledger, leases: readonly LedgerLease[]): Ledger =>
  leases.length === 0 ? ledger : { ...ledger, leases: [...ledger.leases, ...leases] };

/**
 * Makes these the stack's leases of their ports; a port of the same stack that had one of the numbers loses it.
 * The same object when that is so already.
 * @throws PortrampError INTERNAL when another stack has one of the numbers.
 */
export function putLeases(ledger: Ledger, key: LedgerKey, leases: readonly LedgerLease[]): Ledger {
  if (leases.every((lease) => ledger.leases.includes(lease))) return ledger;
  const numbers = new Set(leases.flatMap(numbersOf));
  const services = new Set(leases.map(({ service }) => service));
  const isReplaced = (lease: LedgerLease): boolean =>
    services.has(lease.service) && leases.some((one) => isSamePort(one, lease));
  const stays = (lease: LedgerLease): boolean => {
    const isFree = !numbersOf(lease).some((number) => numbers.has(number));
    if (isSameKey(lease, key)) return isFree && !isReplaced(lease);
    if (isFree) return true;
    throw new PortrampError('INTERNAL', `port ${lease.number} would have two owners`);
  };
  return { ...ledger, leases: [...ledger.leases.filter(stays), ...leases] };
}

/**
 * The ledger as it counts for others: what a service borrowed that does not run is merely remembered. The same object
 * when that changes nothing.
 */
export function withoutIdleLoans(ledger: Ledger, isInUse: (lease: LedgerLease) => boolean): Ledger {
  const isIdle = (lease: LedgerLease): boolean => lease.borrowed !== undefined && !isInUse(lease);
  if (!ledger.leases.some(isIdle)) return ledger;
  return {
    ...ledger,
    leases: ledger.leases.map((lease) => (isIdle(lease) ? lend(lease, undefined) : lease)),
  };
}

/** The lease with the number that its service opened in its place; undefined or its own number: with none. */
export function lend(lease: LedgerLease, number: number | undefined): LedgerLease {
  const { borrowed, ...own } = lease;
  if (borrowed === number) return lease;
  return number === undefined || number === own.number ? own : { ...own, borrowed: number };
}

/** Keeps these numbers for the stack's contract. The same object when that is so already. */
export function fenceNumbers(ledger: Ledger, key: LedgerKey, numbers: readonly number[]): Ledger {
  const fenced = [...new Set(numbers)].sort((left, right) => left - right);
  const stack = findStack(ledger, key);
  if (stack === undefined || (stack.fenced ?? []).join() === fenced.join()) return ledger;
  return {
    ...ledger,
    stacks: ledger.stacks.map((one) => (one === stack ? { ...stack, fenced } : one)),
  };
}

/** Releases the stack's leases of other ports than these, but those that are kept. The same object when there are none. */
export function keepLeases(ledger: Ledger, key: LedgerKey, ports: readonly LeasePort[]): Ledger {
  const leases = ledger.leases.filter(
    (lease) => !isSameKey(lease, key) || lease.kept === true || ports.some((port) => isSamePort(port, lease)),
  );
  return leases.length === ledger.leases.length ? ledger : { ...ledger, leases };
}

/** Makes these all the hosts that lead to the stack. The same object when that is so already. */
export function setHosts(ledger: Ledger, key: LedgerKey, hosts: readonly string[]): Ledger {
  const before = Object.entries(ledger.hosts);
  const own = new Set(before.filter(([, holder]) => isSameKey(holder, key)).map(([host]) => host));
  if (own.size === new Set(hosts).size && hosts.every((host) => own.has(host))) return ledger;
  const { root, environment } = key;
  const others = before.filter(([host]) => !own.has(host));
  return {
    ...ledger,
    hosts: Object.fromEntries([...others, ...hosts.map((host) => [host, { root, environment }] as const)]),
  };
}
