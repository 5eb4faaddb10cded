/**
 * Chooses the number of a port: a pinned one where the contract pins it and this is the main checkout, else always
 * the same one for the same checkout, unless somebody has it.
 */
import { BLOCKED_PORTS } from '../lib/blocked-ports.ts';
import { PortrampError } from '../lib/errors.ts';
import { sha256 } from '../lib/hash.ts';
import { DEFAULT_RANGE, type PortRange } from '../lib/port-range.ts';
import { explainLease, type AllocationFacts } from './explain-lease.ts';
import {
  isOn,
  isSameKey,
  isSamePort,
  numbersOf,
  type Ledger,
  type LedgerKey,
  type LedgerLease,
  type LeasePort,
  type LedgerStack,
} from './ledger.ts';
import { findObjection, isExcluded, NO_RULES, walkFrom, widthOf, type PortRules } from './range.ts';

export interface PortRequest extends LeasePort {
  /** The number that the contract pins. */
  readonly static?: number | undefined;
  /** How many numbers in a row it needs; absent is 1. A pinned port has one. */
  readonly span?: number | undefined;
  /** See `ledgerLease`. */
  readonly kept?: boolean | undefined;
}

export interface AllocateOptions {
  readonly isFree: (port: number) => Promise<boolean>;
  readonly rules?: PortRules;
  /** The stack runs: its numbers move only when its contract asks for others. */
  readonly running?: boolean;
}

export interface Allocation {
  /** One for every port asked for, in that order. */
  readonly leases: readonly LedgerLease[];
  /** Numbers that changed hands or could not be had, for a person. */
  readonly notices: readonly string[];
  /** Those of `leases` that the stack did not have before. */
  readonly added: readonly LedgerLease[];
}

/** Where the search for a number begins: the same for the same checkout, also when the ledger is lost. */
export function preferredNumber(
  range: PortRange,
  stack: Pick<LedgerStack, 'workspaceId' | 'slug'>,
  port: LeasePort,
): number {
  const hash = sha256([stack.workspaceId, stack.slug, port.service, port.port].join('\0'));
  return range.from + range.static + Number(BigInt(`0x${hash}`) % BigInt(Math.max(1, widthOf(range))));
}

/**
 * The stack's leases for these ports: those it has, and new ones for the rest, which the caller commits. Calls
 * must not overlap.
 * @throws PortrampError NO_FREE_PORT; then nothing is granted.
 */
export async function allocateLeases(
  ledger: Ledger,
  stack: LedgerStack,
  ports: readonly PortRequest[],
  options: AllocateOptions,
): Promise<Allocation> {
  const search = beginSearch(ledger, stack, options);
  const wanted = [...new Map(ports.map((port) => [portKey(port), port])).values()];
  // Pinned ones first: no port may walk onto a number that is about to be given to another.
  for (const port of wanted) grantPinned(search, port, options.running === true);
  for (const port of wanted) grantHeld(search, port);
  for (const port of wanted) await grantFree(search, port, options.isFree);
  const leases = wanted.flatMap((port) => search.granted.get(portKey(port)) ?? []);
  return {
    leases,
    added: leases.filter((lease) => search.heldBy(lease) !== lease),
    notices: wanted.flatMap((port) => explainLease(search, port, search.granted.get(portKey(port))) ?? []),
  };
}

const portKey = ({ service, port }: LeasePort): string => `${service}\0${port}`;

/** The facts, and the decisions so far. */
interface Search extends AllocationFacts {
  readonly range: PortRange;
  /** The numbers that nobody gets by chance. */
  readonly fenced: ReadonlySet<number>;
  readonly granted: Map<string, LedgerLease>;
  /** Numbers of `granted`. */
  readonly given: Set<number>;
  readonly isLeased: (number: number) => boolean;
}

function beginSearch(ledger: Ledger, stack: LedgerStack, options: AllocateOptions): Search {
  const rules = options.rules ?? NO_RULES;
  return {
    ledger,
    stack,
    rules,
    range: rules.range ?? DEFAULT_RANGE,
    // Looked up one by one: most requests are about a few of many leases.
    heldBy: (port) => ledger.leases.find((lease) => isSamePort(lease, port) && isSameKey(lease, stack)),
    otherOn: (number) => ledger.leases.find((lease) => isOn(lease, number) && !isSameKey(lease, stack)),
    // This contract's reservations, and what other contracts reserve or pin.
    fenced: new Set([
      ...rules.reservations.map(({ port }) => port),
      ...ledger.stacks.flatMap(({ fenced }) => fenced ?? []),
    ]),
    granted: new Map(),
    given: new Set(),
    isLeased: createIsLeased(ledger),
  };
}

/** The preferred number is mostly free: only who walks on needs an index. */
function createIsLeased({ leases }: Ledger): (number: number) => boolean {
  let index: Set<number> | undefined;
  let asked = 0;
  return (number) => {
    asked += 1;
    if (asked > 8)
      index ??= new Set(leases.flatMap((lease) => [...numbersOf(lease), lease.borrowed ?? lease.number]));
    return index?.has(number) ?? leases.some((lease) => isOn(lease, number));
  };
}

function grant({ heldBy, stack, granted, given }: Search, port: PortRequest, number: number): void {
  const known = heldBy(port);
  const lease = makeLease(stack, port, number, known);
  granted.set(portKey(port), known !== undefined && isSameLease(known, lease) ? known : lease);
  for (const each of numbersOf(lease)) given.add(each);
}

function grantPinned(search: Search, port: PortRequest, running: boolean): void {
  if (port.static === undefined || !search.stack.main) return;
  const known = search.heldBy(port);
  // Whoever runs keeps what it got in place of the pinned number until it starts again.
  if (running && known !== undefined && known.static === port.static) return;
  if (search.otherOn(port.static) === undefined && !search.given.has(port.static)) {
    grant(search, port, port.static);
  }
}

/** Makes a range wider where it is, if what comes next is free: a number that is known does not move for that. */
async function grantWider(
  search: Search,
  port: PortRequest,
  isUsable: (number: number) => Promise<boolean>,
): Promise<void> {
  const known = search.heldBy(port);
  if (known === undefined || search.granted.has(portKey(port))) return;
  if (numbersOf(known).some((number) => search.given.has(number))) return;
  const isPinned = known.number === port.static;
  if (!isPinned && findObjection(search.rules, port.service, known.number) !== undefined) return;
  const { number, span = 1 } = known;
  for (let next = number + span; next < number + (port.span ?? 1); next += 1) {
    if (!(await isUsable(next))) return;
  }
  grant(search, port, number);
}

function grantHeld(search: Search, port: PortRequest): void {
  const known = search.heldBy(port);
  if (known === undefined || search.granted.has(portKey(port))) return;
  const isEnough = (known.span ?? 1) >= (port.span ?? 1);
  if (!isEnough || numbersOf(known).some((number) => search.given.has(number))) return;
  const isPinned = known.number === port.static;
  if (isPinned || findObjection(search.rules, port.service, known.number) === undefined) {
    grant(search, port, known.number);
  }
}

async function grantFree(
  search: Search,
  port: PortRequest,
  isFree: AllocateOptions['isFree'],
): Promise<void> {
  const { range, stack, given, fenced, isLeased } = search;
  const { span = 1 } = port;
  if (search.granted.has(portKey(port))) return;
  const isUsable = async (number: number): Promise<boolean> => {
    const isBarred = given.has(number) || fenced.has(number) || BLOCKED_PORTS.has(number);
    if (isBarred || number > range.to || isExcluded(range, number) || isLeased(number)) return false;
    return isFree(number);
  };
  await grantWider(search, port, isUsable);
  if (search.granted.has(portKey(port))) return;
  for (const first of walkFrom(range, preferredNumber(range, stack, port))) {
    let width = 0;
    while (width < span && (await isUsable(first + width))) width += 1;
    if (width === span) return grant(search, port, first);
  }
  throw noFreePort(range, span);
}

function makeLease(
  { root, environment }: LedgerKey,
  port: PortRequest,
  number: number,
  before: LedgerLease | undefined,
): LedgerLease {
  const generation = before === undefined ? undefined : nextGeneration(before, number);
  // A range that became wider than it has to be stays as it is.
  const span = Math.max(port.span ?? 1, before?.number === number ? (before.span ?? 1) : 1);
  return {
    root,
    environment,
    service: port.service,
    port: port.port,
    number,
    ...(port.static === undefined ? {} : { static: port.static }),
    ...(generation === undefined ? {} : { generation }),
    ...(span === 1 ? {} : { span }),
    ...(port.kept === true ? { kept: true } : {}),
  };
}

const isSameLease = (one: LedgerLease, other: LedgerLease): boolean =>
  one.number === other.number &&
  one.static === other.static &&
  one.span === other.span &&
  one.kept === other.kept;

/** Counts how often a lease got another number; absent is 1. */
export const nextGeneration = (before: LedgerLease, number: number): number | undefined =>
  before.number === number ? before.generation : (before.generation ?? 1) + 1;

/**
 * The lease with another number, for a port that a stranger holds (`onConflict: reassign`). The caller commits
 * it. Calls must not overlap.
 * @throws PortrampError NO_FREE_PORT
 */
export async function moveLease(
  ledger: Ledger,
  stack: LedgerStack,
  lease: LedgerLease,
  options: AllocateOptions,
): Promise<LedgerLease> {
  // As if it had none, and its number were somebody else's, which it is.
  const without = { ...ledger, leases: ledger.leases.filter((one) => !isOf(one, stack, lease)) };
  const stranger = { root: '', environment: '', service: '', port: '', number: lease.number };
  const facing = { ...without, leases: [...without.leases, stranger] };
  const port = { service: lease.service, port: lease.port };
  const { leases } = await allocateLeases(facing, stack, [port], options);
  const [found] = leases;
  if (found === undefined) throw noFreePort(options.rules?.range ?? DEFAULT_RANGE);
  return { ...lease, number: found.number, generation: (lease.generation ?? 1) + 1 };
}

const isOf = (lease: LedgerLease, stack: LedgerKey, port: LeasePort): boolean =>
  isSameKey(lease, stack) && isSamePort(lease, port);

const noFreePort = (range: PortRange, span = 1): PortrampError =>
  new PortrampError(
    'NO_FREE_PORT',
    widthOf(range) === 0
      ? `the range ${range.from}-${range.to} has no numbers besides the ${range.static} for pinned ports`
      : `no ${span === 1 ? 'port' : `${span} ports in a row`} between ${range.from + range.static} and ${range.to} ${span === 1 ? 'is' : 'are'} free`,
    {
      hint: 'run "portramp clean" to forget checkouts that are gone, and "portramp ls --all" to see who has them',
    },
  );
