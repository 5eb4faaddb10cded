/** Grants and moves port numbers. Decisions are made one after the other; the disk is waited for together. */
import { PortrampError } from '../lib/errors.ts';
import { describeForbidden, describeHolder } from '../lib/holder.ts';
import type { Queue } from '../lib/queue.ts';
import { allocateLeases, moveLease, type Allocation, type AllocateOptions } from '../ports/allocate.ts';
import type { LedgerFile } from '../ports/ledger-file.ts';
import {
  fenceNumbers,
  findStack,
  isOn,
  isSameKey,
  isSamePort,
  leasesOf,
  lend,
  putLeases,
  withoutIdleLoans,
  workspaceOf,
  type Ledger,
  type LeasePort,
  type LedgerKey,
  type LedgerLease,
  type LedgerStack,
} from '../ports/ledger.ts';
import type { PortSight } from '../ports/look.ts';
import type { DaemonResult, Lease, PortRequest, PortRules } from '../protocol/messages.ts';

export interface Leases {
  lease(key: LedgerKey, ports: readonly PortRequest[], options: LeaseOptions): Promise<DaemonResult<'lease'>>;
  /** `number` is the one that the runner found taken. */
  reassign(asked: Reassignment): Promise<DaemonResult<'reassign'>>;
  /**
   * Notes that a service listens on another number than the one that it was given, so that nobody else gets that; its
   * own number gives it back. Nothing is noted where somebody else has the number.
   */
  borrow(asked: Loan): Promise<DaemonResult<'borrow'>>;
}

export type Loan = Omit<Reassignment, 'rules'>;

export interface LeaseOptions {
  readonly rules?: PortRules | undefined;
  /** The holder of the numbers: the stack, or all of its workspace. */
  readonly scope: 'stack' | 'workspace';
}

export interface Reassignment {
  readonly stack: LedgerKey;
  readonly port: LeasePort;
  readonly number: number;
  readonly rules?: PortRules | undefined;
}

export interface LeasesOptions {
  readonly ledger: LedgerFile;
  readonly inTurn: Queue;
  readonly isPortFree: (port: number) => Promise<boolean>;
  readonly lookAtPort: (port: number) => Promise<PortSight>;
  readonly isRunning: (key: LedgerKey) => boolean;
  /** Whether the number that the lease's service opened in place of its own is kept for it. */
  readonly keepsLoan: (lease: LedgerLease) => boolean;
  /** @throws PortrampError BAD_MESSAGE for a stack without a name. */
  readonly requireStack: (key: LedgerKey) => LedgerStack;
  /** Forgets stacks whose checkout is gone; true when there were any. Called in turn. */
  readonly forgetGone: () => Promise<boolean>;
}

export function createLeases(options: LeasesOptions): Leases {
  const { ledger, inTurn, isPortFree, isRunning, keepsLoan, requireStack } = options;

  const optionsFor = (key: LedgerKey, rules: PortRules | undefined): AllocateOptions => ({
    isFree: isPortFree,
    running: isRunning(key),
    ...(rules === undefined ? {} : { rules }),
  });

  const asOthersSee = (key: LedgerKey): Ledger =>
    withoutIdleLoans(ledger.current, (one) => isSameKey(one, key) || keepsLoan(one));

  const requireLease = (key: LedgerKey, port: LeasePort): LedgerLease => {
    const lease = leasesOf(ledger.current, key).find((one) => isSamePort(one, port));
    if (lease !== undefined) return lease;
    throw new PortrampError('BAD_MESSAGE', `${port.service}.${port.port} has no lease`);
  };

  const describeLease = (lease: LedgerLease): string =>
    `${lease.service} of ${findStack(ledger.current, lease)?.slug ?? lease.root}`;

  const isWorkspaceRunning = ({ workspaceId, environment }: LedgerStack): boolean =>
    ledger.current.stacks.some(
      (stack) => stack.workspaceId === workspaceId && stack.environment === environment && isRunning(stack),
    );

  // All of them, not only the new ones: a write that fails meanwhile takes back what is not on disk yet.
  const put = (key: LedgerKey, leases: readonly LedgerLease[], fenced?: readonly number[]): Promise<void> =>
    ledger.commit((current) => {
      const next = putLeases(current, key, leases);
      return fenced === undefined ? next : fenceNumbers(next, key, fenced);
    });

  const lease: Leases['lease'] = async (key, ports, { rules, scope }) => {
    const isShared = scope === 'workspace';
    const { allocation, written } = await inTurn(async () => {
      const holder = (): LedgerStack => (isShared ? workspaceOf(requireStack(key)) : requireStack(key));
      const allocate = (): Promise<Allocation> =>
        allocateLeases(asOthersSee(key), holder(), ports, {
          ...optionsFor(key, rules),
          running: isShared ? isWorkspaceRunning(requireStack(key)) : isRunning(key),
        });
      const found = await allocate().catch(async (error: unknown) => {
        // Numbers of checkouts that are gone are taken back only when nothing else is left.
        if (!isNoFreePort(error) || !(await options.forgetGone())) throw error;
        return allocate();
      });
      const leases = found.leases.map((one) =>
        isLentTo(one, asOthersSee(key)) ? one : lend(one, undefined),
      );
      // Containers alone say nothing of what the contract pins and reserves.
      const isContract = ports.length === 0 || ports.some(({ kept }) => kept !== true);
      const fenced = isContract && !isShared ? fencedBy(requireStack(key), ports, rules) : undefined;
      return { allocation: { ...found, leases }, written: later(put(holder(), leases, fenced)) };
    });
    await written();
    const busy = await tellBusyPins(allocation, options);
    return { leases: allocation.leases.map(toLease), notices: [...allocation.notices, ...busy] };
  };

  const reassign: Leases['reassign'] = async ({ stack: key, port, number, rules }) => {
    const { moved, result, written } = await inTurn(async () => {
      const stack = requireStack(key);
      const present = requireLease(key, port);
      if (present.number !== number || (await isPortFree(number))) {
        return { moved: false, result: present, written: later(Promise.resolve()) };
      }
      const next = await moveLease(asOthersSee(key), stack, present, optionsFor(key, rules));
      return { moved: true, result: next, written: later(put(key, [next])) };
    });
    await written();
    return { lease: toLease(result), moved };
  };

  const borrow: Leases['borrow'] = async ({ stack: key, port, number }) => {
    const { result, other, written } = await inTurn(async () => {
      const present = requireLease(key, port);
      const taken = withoutIdleLoans(ledger.current, keepsLoan).leases.find(
        (one) => isOn(one, number) && !(isSameKey(one, key) && isSamePort(one, port)),
      );
      if (taken !== undefined) return { result: present, other: taken, written: later(Promise.resolve()) };
      const next = lend(present, number);
      return { result: next, other: undefined, written: later(put(key, [next])) };
    });
    await written();
    return { lease: toLease(result), ...(other === undefined ? {} : { holder: describeLease(other) }) };
  };

  return { lease, reassign, borrow };
}

/** Numbers that the contract speaks of. Pins of a branch's checkout are the main checkout's business. */
const fencedBy = (
  stack: LedgerStack,
  ports: readonly PortRequest[],
  rules: PortRules | undefined,
): number[] => [
  ...(rules?.reservations.map(({ port }) => port) ?? []),
  ...(stack.main ? ports.flatMap((port) => port.static ?? []) : []),
];

/**
 * A pinned number is granted whoever uses it at the moment, because people know it; they are told. The engine opens the
 * numbers of containers: what this user may open is nothing to them.
 */
async function tellBusyPins(
  { added }: Allocation,
  { lookAtPort }: Pick<LeasesOptions, 'lookAtPort'>,
): Promise<string[]> {
  const notices: string[] = [];
  for (const { service, port, number, static: pinned, kept } of added) {
    if (number !== pinned) continue;
    const { free, holders, forbidden } = await lookAtPort(number);
    const what = `port ${number}, pinned for ${service}.${port},`;
    if (!free) notices.push(`${what} is held by ${describeHolder(holders[0])}`);
    else if (forbidden === true && kept !== true) notices.push(`${what} ${describeForbidden(number)}`);
  }
  return notices;
}

/** Whether nobody else has the number that the lease's service borrowed, when its stack ran last. */
const isLentTo = (lease: LedgerLease, { leases }: Ledger): boolean => {
  const { borrowed } = lease;
  if (borrowed === undefined) return true;
  return !leases.some((one) => isOn(one, borrowed) && !(isSameKey(one, lease) && isSamePort(one, lease)));
};

/** To be waited for outside of the queue: the next decision need not wait for the disk. */
function later(commit: Promise<void>): () => Promise<void> {
  // Handled by whoever waits, which may be a moment after it failed.
  commit.catch(() => undefined);
  return () => commit;
}

const isNoFreePort = (error: unknown): boolean =>
  error instanceof PortrampError && error.code === 'NO_FREE_PORT';

/** As a client is told: whose it is, it knows. */
export function toLease({ root: _root, environment: _environment, ...lease }: LedgerLease): Lease {
  return lease;
}
