/**
 * Names stacks: their slugs and indexes. Pure. A name is keyed by root and environment, fixed when
 * it is first claimed, and free again only when nothing stands behind it any more.
 */
import { PortrampError } from '../lib/errors.ts';
import { slugCandidates } from '../plan/names.ts';
import { cureForRename } from '../plan/renamed.ts';
import {
  addLeases,
  findStack,
  isOn,
  isSameKey,
  isSamePort,
  leasesOf,
  lend,
  numbersOf,
  putStack,
  removeStacks,
  type Ledger,
  type LedgerKey,
  type LedgerLease,
  type LedgerStack,
} from '../ports/ledger.ts';
import type { DaemonParams, Lease, StackClaim } from '../protocol/messages.ts';

export interface NamingFacts {
  /** True while the stack's checkout exists or a runner is attached to it. */
  readonly isAlive: (key: LedgerKey) => boolean;
  /** ISO 8601. */
  readonly now: string;
}

export interface Naming {
  readonly ledger: Ledger;
  readonly stack: LedgerStack;
  /** Texts for a person. */
  readonly notices: readonly string[];
}

export type Held = NonNullable<DaemonParams<'claim'>['held']>;

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Grants the stack its name, or returns the one it has. A runner that comes back after the ledger was lost
 * gets what it `held`, as far as nobody else has it.
 * @throws PortrampError BAD_MESSAGE for a workspace or environment that makes no host name.
 */
export function nameStack(
  ledger: Ledger,
  claim: StackClaim,
  held: Held | undefined,
  facts: NamingFacts,
): Naming {
  const known = findStack(ledger, claim);
  if (known !== undefined) return adoptLeases(refresh(ledger, known, claim), held);
  const candidates = slugCandidates(claim);
  if (!candidates.every((slug) => LABEL.test(slug))) {
    throw new PortrampError('BAD_MESSAGE', `"${candidates[0]}" cannot be part of a host name`, {
      hint: 'letters, digits and "-" make names of workspaces and environments',
    });
  }
  const preferred = candidates[0] ?? '';
  if (held !== undefined && LABEL.test(held.slug)) candidates.unshift(held.slug);
  const slug = candidates.find((candidate) => isSlugFree(ledger, candidate, facts));
  if (slug === undefined) throw new PortrampError('INTERNAL', `every name for ${claim.root} is taken`);
  const rest = removeStacks(
    ledger,
    ledger.stacks.filter((stack) => stack.slug === slug),
  );
  const stack = describe(claim, slug, pickIndex(rest, claim, held?.index), facts.now);
  const notices = slug === preferred || slug === held?.slug ? [] : [explain(ledger, preferred, slug)];
  return adoptLeases({ ledger: putStack(rest, stack), stack, notices }, held);
}

function isSlugFree(ledger: Ledger, slug: string, facts: NamingFacts): boolean {
  // `admin.api.localhost` may be a second port of the service `api` somewhere: then no stack is called `api`.
  const inUse = Object.entries(ledger.hosts).some(
    ([host, key]) => host.endsWith(`.${slug}.localhost`) && facts.isAlive(key),
  );
  return !inUse && !ledger.stacks.some((stack) => stack.slug === slug && facts.isAlive(stack));
}

function explain(ledger: Ledger, preferred: string, slug: string): string {
  const holder = ledger.stacks.find((stack) => stack.slug === preferred);
  const who = holder === undefined ? 'a host name of another stack' : holder.root;
  return `the name "${preferred}" belongs to ${who}; this stack is "${slug}"`;
}

function describe(claim: StackClaim, slug: string, index: number, firstSeen: string): LedgerStack {
  const { root, environment, workspace, workspaceId, main, branch } = claim;
  const stack = { root, environment, workspace, workspaceId, main, slug, index, firstSeen };
  return branch === undefined ? stack : { ...stack, branch };
}

/** Branch and workspace may have changed; slug and hosts do not move with them. */
function refresh(ledger: Ledger, known: LedgerStack, claim: StackClaim): Naming {
  const moved = known.workspaceId !== claim.workspaceId;
  const index = moved ? pickIndex(ledger, claim, known.index) : known.index;
  const described = describe(claim, known.slug, index, known.firstSeen);
  const stack = known.fenced === undefined ? described : { ...described, fenced: known.fenced };
  const notices =
    known.workspace === claim.workspace
      ? []
      : [
          `this stack keeps the name "${known.slug}" that it got as ${known.workspace}; to have another: ${cureForRename(known)}`,
        ];
  const same =
    !moved &&
    known.workspace === claim.workspace &&
    known.branch === claim.branch &&
    known.main === claim.main;
  return { ledger: same ? ledger : putStack(ledger, stack), stack, notices };
}

/** The wanted index, or the lowest that no other stack of the workspace has. */
function pickIndex(ledger: Ledger, claim: StackClaim, wanted: number | undefined): number {
  const taken = new Set(
    ledger.stacks
      .filter((stack) => stack.workspaceId === claim.workspaceId && !isSameKey(stack, claim))
      .map((stack) => stack.index),
  );
  if (wanted !== undefined && wanted >= 0 && !taken.has(wanted)) return wanted;
  let index = 0;
  while (taken.has(index)) index += 1;
  return index;
}

function adoptLeases(naming: Naming, held: Held | undefined): Naming {
  if (held === undefined) return naming;
  const { stack } = naming;
  const ledger = adoptLoans(naming.ledger, stack, held.leases);
  const { root, environment } = stack;
  const adopted: LedgerLease[] = [];
  const own = leasesOf(ledger, stack);
  const taken = new Set(ledger.leases.flatMap(numbersOf));
  const isNew = (lease: Lease): boolean =>
    !numbersOf(lease).some((number) => taken.has(number)) &&
    ![...own, ...adopted].some((other) => isSamePort(other, lease));
  for (const lease of held.leases) {
    if (!isNew(lease)) continue;
    for (const number of numbersOf(lease)) taken.add(number);
    adopted.push(withLoan(ledger, { root, environment, ...lease }, lease.borrowed));
  }
  return { ...naming, ledger: addLeases(ledger, adopted) };
}

/** A runner goes along with its services also while no daemon is there to note it: it knows where they listen. */
function adoptLoans(ledger: Ledger, stack: LedgerStack, held: readonly Lease[]): Ledger {
  const leases = ledger.leases.map((lease) => {
    if (!isSameKey(lease, stack)) return lease;
    const told = held.find((one) => isSamePort(one, lease) && one.number === lease.number);
    return told === undefined ? lease : withLoan(ledger, lease, told.borrowed);
  });
  return leases.every((lease, index) => lease === ledger.leases[index]) ? ledger : { ...ledger, leases };
}

/** The lease with the number that its service opened in its place, unless somebody else has that. */
function withLoan(ledger: Ledger, lease: LedgerLease, number: number | undefined): LedgerLease {
  const isOthers =
    number !== undefined &&
    ledger.leases.some((one) => isOn(one, number) && !(isSameKey(one, lease) && isSamePort(one, lease)));
  return lend(lease, isOthers ? undefined : number);
}
