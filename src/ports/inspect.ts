/**
 * One pass of verification: does every socket on a leased port belong to the instance that the port was leased
 * for? One pass serves all runners of the machine. It remembers what it found out, so that the next pass costs two
 * small files as long as nothing changes.
 */
import { isMetOnLoopback } from './address.ts';
import type { Claim, ClaimedPort, Finding, OpenedPort, Sighting } from './findings.ts';
import { judgeSocket, type InstanceMark, type Verdict } from './owner.ts';
import { beginPass, createMemory, pushTo, type Memory, type Pass } from './pass.ts';
import type { Listener, System } from './system/system.ts';

export interface Inspector {
  inspect(claims: readonly Claim[], options?: InspectOptions): Finding[];
  /** The sightings of the last pass, by claim. */
  readonly sightings: readonly Sighting[];
}

export interface InspectOptions {
  /**
   * Nobody waits for it and nothing is new: where the last pass found nothing and there are as many sockets as then, it
   * may be left out, twice in a row.
   */
  readonly routine?: boolean;
}

/** One socket may have come while another went: a count says nothing of that. */
const MOST_LEFT_OUT = 2;

export function createInspector(system: System): Inspector {
  const memory = createMemory();
  /** What the last pass that found nothing was about. */
  let quiet: { readonly claims: string; readonly sockets: string; leftOut: number } | undefined;

  let sightings: readonly Sighting[] = [];

  const pass = (claims: readonly Claim[]): Finding[] => {
    memory.keepOnly(claims);
    const listeners = system.listListeners();
    memory.keepSockets(listeners);
    const first = beginPass(system, memory, claims);
    const findings = judgeAll(first, claims, listeners);
    sightings = see(first, claims, listeners, findings);
    if (!findings.some(({ kind }) => kind !== 'elsewhere')) return findings;
    // Processes were coming and going while we looked. What is still so at a second look is so.
    const afterwards = system.listListeners();
    const second = beginPass(system, memory, claims);
    const again = judgeAll(second, claims, afterwards);
    sightings = see(second, claims, afterwards, again);
    return again.filter((one) => findings.some((other) => isSame(one, other)));
  };

  return {
    get sightings() {
      return sightings;
    },
    inspect: (claims, { routine = false } = {}) => {
      const sockets = system.countSockets();
      const names = nameClaims(claims);
      const isQuiet = quiet?.sockets === sockets && quiet?.claims === names;
      if (routine && isQuiet && quiet !== undefined && quiet.leftOut < MOST_LEFT_OUT) {
        quiet.leftOut += 1;
        return [];
      }
      const findings = pass(claims);
      quiet =
        findings.length > 0 || sockets === undefined ? undefined : { claims: names, sockets, leftOut: 0 };
      return findings;
    },
  };
}

/** Where there are sockets and nothing was found, they are the instance's. */
function see(
  pass: Pass,
  claims: readonly Claim[],
  listeners: readonly Listener[],
  findings: readonly Finding[],
): Sighting[] {
  const addresses = new Map<number, string[]>();
  for (const { port, address } of listeners) pushTo(addresses, port, address);
  return claims.map((claim) => {
    const { marker } = claim.instance;
    const own = findings.filter((finding) => finding.marker === marker);
    const proved = claim.ports.filter(
      (port) => addresses.has(port.number) && !own.some((finding) => finding.port === port.name),
    );
    const isMet = ({ number }: ClaimedPort): boolean => addresses.get(number)?.some(isMetOnLoopback) === true;
    const listening = proved.filter(isMet);
    const away = proved
      .filter((port) => !isMet(port))
      .map(({ name, number }) => ({ port: name, address: addresses.get(number)?.join(' and ') ?? '' }));
    const opened = own.find((finding) => finding.kind === 'elsewhere')?.opened ?? [];
    const back = seeGiven(pass, claim, listeners).filter(
      ({ number }) => !opened.some((one) => one.number === number),
    );
    return {
      marker,
      listening: listening.map(({ name }) => name),
      opened: [...opened, ...back],
      ...(away.length === 0 ? {} : { away }),
    };
  });
}

/** The numbers that it was given and listens on, where it is looked for on others. */
function seeGiven(pass: Pass, { instance, ports }: Claim, listeners: readonly Listener[]): OpenedPort[] {
  return ports.flatMap(({ given }) => {
    const sockets = given === undefined ? [] : listeners.filter((listener) => listener.port === given);
    findHolders(pass, sockets);
    const isOwn = sockets.every((socket) => judge(pass, instance, socket).kind === 'belongs');
    const [socket] = sockets;
    if (socket === undefined || !isOwn) return [];
    return [{ number: socket.port, address: socket.address, pid: pidOn(pass, socket) }];
  });
}

/** Names the first process that has the socket open. */
const pidOn = ({ memory }: Pass, { id }: Listener): number => memory.holders.get(id)?.[0] ?? 0;

const nameClaims = (claims: readonly Claim[]): string =>
  claims
    .map(({ instance, ports }) => `${instance.marker} ${ports.map(({ number }) => number).join(' ')}`)
    .join('\n');

const isSame = (left: Finding, right: Finding): boolean =>
  left.kind === right.kind && left.marker === right.marker && left.number === right.number;

function judgeAll(pass: Pass, claims: readonly Claim[], listeners: readonly Listener[]): Finding[] {
  forgetDoubted(pass.memory);
  const byPort = new Map<number, Listener[]>();
  for (const listener of listeners) pushTo(byPort, listener.port, listener);
  const claimed = claims.flatMap(({ ports }) => ports.flatMap(({ number }) => byPort.get(number) ?? []));
  findHolders(pass, claimed);
  return claims.flatMap((claim) => {
    const findings: Finding[] = [];
    for (const port of claim.ports) {
      const sockets = byPort.get(port.number) ?? [];
      const finding =
        sockets.length === 0
          ? lookElsewhere(pass, claim, port, listeners)
          : judgePort(pass, claim, port, sockets, claims);
      if (finding !== undefined) findings.push(finding);
    }
    return findings;
  });
}

/** Forgets the holders of sockets that were found to be nobody's: for all who ask, and not before the next look has begun. */
function forgetDoubted({ holders, doubted, proved }: Memory): void {
  const owned = [...proved.values()];
  for (const id of doubted) if (!owned.some((known) => known.has(id))) holders.delete(id);
  doubted.clear();
}

/** Looks into processes for the sockets whose holders are not known yet. */
function findHolders({ system, memory, members }: Pass, sockets: readonly Listener[]): void {
  const open = new Set(sockets.map(({ id }) => id).filter((id) => !memory.holders.has(id)));
  if (open.size === 0) return;
  const found = system.findHolders(open, members());
  for (const id of open) memory.holders.set(id, found.get(id) ?? []);
}

/** The first socket on the port that is not the instance's. */
function judgePort(
  pass: Pass,
  claim: Claim,
  port: ClaimedPort,
  sockets: readonly Listener[],
  claims: readonly Claim[],
): Finding | undefined {
  const { marker } = claim.instance;
  for (const socket of sockets) {
    const verdict = judge(pass, claim.instance, socket);
    if (verdict.kind === 'stranger') return describeGhost(pass, claim, port, socket, verdict.pid, claims);
    if (verdict.kind === 'unknown') {
      const user = socket.user === undefined ? {} : { user: socket.user };
      return {
        kind: 'unknown',
        marker,
        port: port.name,
        number: port.number,
        address: socket.address,
        ...user,
      };
    }
  }
  return undefined;
}

function judge({ memory, evidenceFor }: Pass, instance: InstanceMark, socket: Listener): Verdict {
  const { marker } = instance;
  if (memory.proved.get(marker)?.has(socket.id)) return { kind: 'belongs' };
  const verdict = judgeSocket(memory.holders.get(socket.id) ?? [], instance, evidenceFor(marker));
  if (verdict.kind === 'belongs') {
    memory.proved.set(marker, (memory.proved.get(marker) ?? new Set()).add(socket.id));
  } else {
    memory.doubted.add(socket.id);
  }
  return verdict;
}

function describeGhost(
  pass: Pass,
  { instance }: Claim,
  { name, number }: ClaimedPort,
  { address }: Listener,
  pid: number,
  claims: readonly Claim[],
): Finding {
  const owner = claims.find((claim) => claim.instance !== instance && isMember(pass, pid, claim.instance));
  const { factsOf } = pass.evidenceFor(instance.marker);
  return {
    kind: 'ghost',
    marker: instance.marker,
    port: name,
    number,
    holder: { pid, address, ...pass.system.describe(pid) },
    ...(owner === undefined ? {} : { label: owner.label }),
    later: timeOf(factsOf(pid)?.startTime) >= timeOf(instance.startTime),
  };
}

/** Ticks, or a date in words; not a number where it is unknown. */
const timeOf = (startTime = ''): number =>
  /^\d+$/.test(startTime) ? Number(startTime) : Date.parse(startTime);

const isMember = (pass: Pass, pid: number, instance: InstanceMark): boolean =>
  judgeSocket([pid], instance, pass.evidenceFor(instance.marker)).kind === 'belongs';

/** Nobody listens on the port: perhaps the instance chose others. */
function lookElsewhere(
  pass: Pass,
  { instance, ports }: Claim,
  { name, number }: ClaimedPort,
  listeners: readonly Listener[],
): Finding | undefined {
  const own = new Set(ports.map((port) => port.number));
  const { proved, foreign } = pass.memory;
  const isForeign = ({ id }: Listener): boolean => foreign.get(instance.marker)?.has(id) === true;
  const others = listeners.filter((listener) => !own.has(listener.port) && !isForeign(listener));
  findHolders(
    pass,
    others.filter(({ id }) => proved.get(instance.marker)?.has(id) !== true),
  );
  const opened = new Map<number, OpenedPort>();
  for (const socket of others) {
    const { id, port, address } = socket;
    const pid = pidOn(pass, socket);
    const verdict = judge(pass, instance, socket);
    if (verdict.kind === 'belongs' && !opened.has(port)) opened.set(port, { number: port, address, pid });
    if (verdict.kind === 'stranger' || verdict.kind === 'unknown') {
      foreign.set(instance.marker, (foreign.get(instance.marker) ?? new Set()).add(id));
    }
  }
  if (opened.size === 0) return undefined;
  const shared = new Set(listeners.filter(isForeign).map((listener) => listener.port));
  return {
    kind: 'elsewhere',
    marker: instance.marker,
    port: name,
    number,
    opened: [...opened.values()].map((one) => (shared.has(one.number) ? { ...one, shared: true } : one)),
  };
}
