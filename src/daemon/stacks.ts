/**
 * The daemon's services to stacks: names, leases, routes. Every change of the ledger goes through one queue,
 * so that two runners at once never get the same number, name or host.
 */
import { stat } from 'node:fs/promises';

import { timestamp } from '../lib/clock.ts';
import { PortrampError, errnoOf } from '../lib/errors.ts';
import { createQueue } from '../lib/queue.ts';
import { identOf } from '../plan/names.ts';
import type { PortSight } from '../ports/look.ts';
import type { LedgerFile } from '../ports/ledger-file.ts';
import {
  findStack,
  isSameKey,
  keepLeases,
  leasesOf,
  removeStacks,
  setHosts,
  workspaceOf,
  type Ledger,
  type LedgerKey,
  type LedgerStack,
} from '../ports/ledger.ts';
import type { Front } from '../front/front.ts';
import type {
  DaemonResult,
  PublishedService,
  RunningStack,
  StackClaim,
  StackKey,
  StackSnapshot,
} from '../protocol/messages.ts';
import { checkClaim, checkRoutes } from './checks.ts';
import { findGone } from './gone-roots.ts';
import { grantHosts, withoutRefused, type HostGrant } from './hosts.ts';
import { createLeases, toLease, type Leases } from './leases.ts';
import { keepsLoans } from './loans.ts';
import { nameStack, type Held, type Naming } from './names.ts';
import { notRunning, type Connection, type Session, type Sessions } from './sessions.ts';

export interface Stacks extends Leases {
  claim(
    claim: StackClaim,
    held: Held | undefined,
  ): Promise<{ readonly stack: Identity; readonly notices: readonly string[] }>;
  attach(key: StackKey, pid: number, connection: Connection): void;
  /**
   * Refuses every connection but that of the stack's runner.
   * @throws PortrampError STACK_NOT_RUNNING
   */
  requireRunner(key: StackKey, connection: Connection): void;
  /** Resolves when the routes are live; the refused hosts and their holders. */
  publish(
    key: StackKey,
    snapshot: StackSnapshot,
    connection: Connection,
  ): Promise<Omit<HostGrant, 'granted'>>;
  /** Which of these names another stack holds, and which one. */
  judgeHosts(key: StackKey, hosts: readonly string[]): Promise<HostGrant['refused']>;
  /** The slug of a stack, else its folder. */
  slugOf(session: Pick<Session, 'key'>): string;
  /** Where the stacks with these slugs are. */
  holders(slugs: readonly string[]): NonNullable<DaemonResult<'publish'>['holders']>;
  list(options: { readonly all: boolean; readonly holdings?: boolean }): RunningStack[];
  find(key: StackKey): RunningStack | undefined;
  forget(keys: readonly StackKey[] | undefined): Promise<Identity[]>;
}

/** A stack's names, as the protocol tells them. */
export type Identity = Omit<
  RunningStack,
  'services' | 'pid' | 'silent' | 'problems' | 'ending' | 'left' | 'leases' | 'hosts' | 'refusedHosts'
>;

export interface StacksOptions {
  readonly ledger: LedgerFile;
  readonly sessions: Sessions;
  /** Swaps the front's table for that of all sessions. */
  readonly route: () => void;
  /** Called after a stack published. */
  readonly onChange: (key: LedgerKey) => void;
  /** Whether the listener on a port was asked in plain HTTP and found to speak TLS. */
  readonly knowsTls: (port: number) => boolean;
  /** The answers of a target, as far as they were seen. */
  readonly sightingOf?: Front['sightingOf'];
  readonly isPortFree: (port: number) => Promise<boolean>;
  readonly lookAtPort: (port: number) => Promise<PortSight>;
}

export function createStacks(options: StacksOptions): Stacks {
  const { ledger, sessions, route, onChange, knowsTls, sightingOf = () => undefined } = options;
  const inTurn = createQueue();
  const isAttached = (key: LedgerKey): boolean => sessions.find(key) !== undefined;
  /** Stacks that ran before they asked: others of them may not be back yet after a restart of the daemon. */
  const returning = new Set<string>();
  const keyText = ({ root, environment }: LedgerKey): string => JSON.stringify([root, environment]);

  const aliveness = async (): Promise<(key: LedgerKey) => boolean> => {
    const gone = await findGone(ledger.current.stacks.map(({ root }) => root));
    return (key) => isAttached(key) || !gone.has(key.root);
  };

  const requireStack = (key: LedgerKey): LedgerStack => {
    const stack = findStack(ledger.current, key);
    if (stack !== undefined) return stack;
    throw new PortrampError('BAD_MESSAGE', `${key.root} has not claimed a name yet`);
  };

  const claim: Stacks['claim'] = (asked, held) =>
    inTurn(async () => {
      checkClaim(asked);
      // One that is known may have lost its folder while its runner goes on.
      if (held === undefined && findStack(ledger.current, asked) === undefined)
        await requireFolder(asked.root);
      const isAlive = await aliveness();
      const now = timestamp();
      let naming: Naming | undefined;
      await ledger.commit((current) => {
        naming = nameStack(current, asked, held, { isAlive, now });
        return naming.ledger;
      });
      if (naming === undefined) throw new PortrampError('INTERNAL', 'the ledger did not apply a change');
      if (held !== undefined) returning.add(keyText(asked));
      else if (!isAttached(asked)) returning.delete(keyText(asked));
      return { stack: identityOf(naming.stack), notices: naming.notices };
    });

  const requireSession = (key: LedgerKey, connection: Connection): Session => {
    const session = sessions.find(key);
    if (session === undefined || session.connection !== connection) throw notRunning(key);
    return session;
  };

  const judge = async (key: LedgerKey, hosts: readonly string[]): Promise<HostGrant> => {
    const own = new Set(ownHosts(ledger.current, key));
    // Only names that are new to the stack can be somebody else's.
    const isAlive = hosts.every((host) => own.has(host)) ? () => true : await aliveness();
    return grantHosts(ledger.current, requireStack(key), hosts, {
      isAlive,
      isAttached,
      borrows: !returning.has(keyText(key)),
    });
  };

  const publish: Stacks['publish'] = (key, snapshot, connection) =>
    inTurn(async () => {
      requireSession(key, connection);
      checkRoutes(snapshot.routes);
      const grant = await judge(
        key,
        snapshot.routes.map(({ host }) => host),
      );
      const ports = snapshot.services.flatMap(({ name, ports: list }) =>
        list.flatMap((port) =>
          [port.name, ...(port.leases ?? [])].map((lease) => ({ service: name, port: lease })),
        ),
      );
      await ledger.commit((current) => setHosts(keepLeases(current, key, ports), key, grant.granted));
      // The runner may have gone while the disk was busy.
      const session = requireSession(key, connection);
      session.snapshot = withoutRefused(snapshot, grant.refused);
      session.refusedHosts = grant.refused;
      route();
      onChange(key);
      return grant;
    });

  const withSpoken = (service: PublishedService): PublishedService =>
    service.ports.some(({ targetPort }) => knowsTls(targetPort))
      ? {
          ...service,
          ports: service.ports.map((port) =>
            knowsTls(port.targetPort) ? { ...port, speaksTls: true } : port,
          ),
        }
      : service;

  /** Adds what the front saw of the answers of a service. */
  const withAnswers = (service: PublishedService, { routes }: StackSnapshot): PublishedService => {
    for (const { service: name, route } of routes) {
      if (name !== service.name || route.state !== 'live') continue;
      for (const target of route.targets) {
        const answers = sightingOf(target);
        if (answers !== undefined) return { ...service, answers };
      }
    }
    return service;
  };

  const describe = (stack: LedgerStack): RunningStack => {
    const session = sessions.find(stack);
    const { problems = [], ending = false, left } = session?.snapshot ?? {};
    return {
      ...identityOf(stack),
      ...(session === undefined ? {} : { pid: session.pid }),
      ...(session?.silent === true ? { silent: true } : {}),
      services: (session?.snapshot.services ?? []).map((service) =>
        withAnswers(withSpoken(service), session?.snapshot ?? { services: [], routes: [] }),
      ),
      ...(problems.length === 0 ? {} : { problems }),
      ...(ending ? { ending } : {}),
      ...(left === undefined ? {} : { left }),
    };
  };

  const describeHoldings = (stack: LedgerStack): Pick<RunningStack, 'leases' | 'hosts' | 'refusedHosts'> => ({
    // What it shares with the other stacks of its workspace too.
    leases: [stack, workspaceOf(stack)].flatMap((key) => leasesOf(ledger.current, key)).map(toLease),
    hosts: ownHosts(ledger.current, stack),
    refusedHosts: { ...sessions.find(stack)?.refusedHosts },
  });

  const forgetNow = async (keys: readonly LedgerKey[] | undefined): Promise<LedgerStack[]> => {
    const gone = await findGone(ledger.current.stacks.map(({ root }) => root));
    const isMeant = (stack: LedgerStack): boolean =>
      keys === undefined ? gone.has(stack.root) : keys.some((key) => isSameKey(key, stack));
    const forgotten = ledger.current.stacks.filter((stack) => isMeant(stack) && !isAttached(stack));
    if (forgotten.length > 0) {
      await ledger.commit((current) => removeStacks(current, forgotten));
      route();
    }
    return forgotten;
  };

  const leases = createLeases({
    ...options,
    inTurn,
    requireStack,
    isRunning: isAttached,
    keepsLoan: keepsLoans(sessions),
    forgetGone: async () => (await forgetNow(undefined)).length > 0,
  });

  return {
    ...leases,
    claim,
    publish,
    attach: (key, pid, connection) => {
      requireStack(key);
      sessions.attach(key, pid, connection);
    },
    requireRunner: (key, connection) => void requireSession(key, connection),
    judgeHosts: (key, hosts) => inTurn(async () => (await judge(key, hosts)).refused),
    slugOf: ({ key }) => findStack(ledger.current, key)?.slug ?? key.root,
    holders: (slugs) =>
      Object.fromEntries(
        ledger.current.stacks
          .filter(({ slug }) => slugs.includes(slug))
          .map((stack) => [stack.slug, { root: stack.root, running: isAttached(stack) }]),
      ),
    list: ({ all, holdings }) =>
      ledger.current.stacks
        .filter((stack) => all || isAttached(stack))
        .map((stack) =>
          holdings === true ? { ...describe(stack), ...describeHoldings(stack) } : describe(stack),
        )
        .sort((left, right) => (left.slug < right.slug ? -1 : 1)),
    find: (key) => {
      const stack = isAttached(key) ? findStack(ledger.current, key) : undefined;
      return stack && describe(stack);
    },
    forget: (keys) => inTurn(async () => (await forgetNow(keys)).map(identityOf)),
  };
}

const ownHosts = (ledger: Ledger, key: LedgerKey): string[] =>
  Object.entries(ledger.hosts).flatMap(([host, holder]) => (isSameKey(holder, key) ? [host] : []));

function identityOf(stack: LedgerStack): Identity {
  const { root, environment, workspace, workspaceId, main, branch, slug, index } = stack;
  const identity = { root, environment, workspace, workspaceId, main, slug, index, ident: identOf(slug) };
  return branch === undefined ? identity : { ...identity, branch };
}

/** @throws PortrampError BAD_MESSAGE for a root that is no folder. */
async function requireFolder(root: string): Promise<void> {
  const isFolder = await stat(root).then(
    (stats) => stats.isDirectory(),
    // What cannot be looked at is not missing.
    (error: unknown) => !['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? ''),
  );
  if (!isFolder) throw new PortrampError('BAD_MESSAGE', `${root} is not a folder`);
}
