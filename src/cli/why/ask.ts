/** Gathers what an explanation is made of: from the daemon, the runner, and the system's own tables. */
import { askSystem } from '../../ports/evidence.ts';
import { findBond, type Evidence } from '../../ports/owner.ts';
import type { DaemonClient } from '../../protocol/client.ts';
import type { PublishedService, RunningStack, ServiceDetails, StackKey } from '../../protocol/messages.ts';
import { isSameStack, notRunning, unknownService } from '../daemon-access.ts';
import { findGone } from '../gone.ts';
import { meanStack, wayTo } from '../way.ts';
import {
  explainHost,
  explainPort,
  explainService,
  findHost,
  leasedNumbers,
  numbersOf,
  type Facts,
  type PortFacts,
} from './explain.ts';
import type { Explanation, ServiceExplanation } from './explanation.ts';

export async function askAboutService(
  client: DaemonClient,
  key: StackKey,
  name: string,
): Promise<Explanation> {
  const listed = await listAll(client);
  const stack = listed.stacks.find((one) => isSameStack(one, key));
  if (stack === undefined) throw await notRunning(key);
  return { kind: 'service', ...(await serviceIn(client, listed, stack, name)) };
}

export async function askAboutPort(client: DaemonClient, number: number): Promise<Explanation> {
  const { stacks, front } = await listAll(client);
  const facts: Facts = { stacks, front, details: new Map() };
  const services = stacks.flatMap((stack) => stack.services);
  const owner = services.find(
    ({ ports, instances = [] }) =>
      ports.some(({ targetPort }) => targetPort === number) ||
      instances.some((one) => Object.values(one.ports).includes(number)),
  );
  const found = await lookAtPort(client, number, owner, runnersOf(stacks));
  return { kind: 'port', ...explainPort(facts, number, found) };
}

export async function askAboutHost(client: DaemonClient, host: string): Promise<Explanation> {
  const listed = await listAll(client);
  const found = findHost(listed.stacks, host);
  if (found !== undefined) meanStack(wayTo(found.stack));
  const service =
    found?.service === undefined ? undefined : await serviceIn(client, listed, found.stack, found.service);
  return { kind: 'host', ...explainHost({ ...listed, details: new Map() }, host, service) };
}

type Listed = Pick<Facts, 'stacks' | 'front' | 'frontProblem' | 'gone'>;

async function listAll(client: DaemonClient): Promise<Listed> {
  const { stacks, front } = await client.request('list', { all: true, holdings: true });
  return { stacks, front: front.http, frontProblem: front.problem, gone: await findGone(stacks) };
}

async function serviceIn(
  client: DaemonClient,
  listed: Listed,
  stack: RunningStack,
  name: string,
): Promise<ServiceExplanation> {
  const service = stack.services.find((one) => one.name === name);
  const leased = leasedNumbers(stack, name);
  if (service === undefined && (stack.pid !== undefined || leased.length === 0)) {
    if (stack.pid === undefined) throw await notRunning(stack);
    throw unknownService(name, stack.services);
  }
  const details = await askRunner(client, stack);
  const ports = new Map<number, PortFacts>();
  const numbers = service === undefined ? leased : numbersOf(service);
  for (const number of numbers)
    ports.set(number, await lookAtPort(client, number, service, runnersOf(listed.stacks)));
  return explainService({ ...listed, details }, stack, name, ports);
}

/** Empty when there is no runner, or it is silent, or older than the question. */
export async function askRunner(
  client: DaemonClient,
  stack: RunningStack,
): Promise<Map<string, ServiceDetails>> {
  if (stack.pid === undefined || stack.silent === true) return new Map();
  const { root, environment } = stack;
  const services = stack.services.map((service) => service.name);
  const answer = await client
    .request('command', { stack: { root, environment }, command: { action: 'explain', services } })
    .catch(() => undefined);
  return new Map((answer?.details ?? []).map((details) => [details.name, details]));
}

export async function lookAtPort(
  client: DaemonClient,
  port: number,
  service: PublishedService | undefined,
  runners: ReadonlySet<number> = new Set(),
): Promise<PortFacts> {
  const { free, holders } = await client.request('holder', { port });
  const pids = holders.flatMap(({ pid }) => pid ?? []);
  const evidence = askSystem();
  return {
    free,
    holders,
    own: new Set(
      pids.filter((pid) => runners.has(pid) || (service !== undefined && isOf(service, pid, evidence))),
    ),
  };
}

/** Runners have the ramps of their services themselves. */
const runnersOf = (stacks: readonly RunningStack[]): ReadonlySet<number> =>
  new Set(stacks.flatMap(({ pid }) => pid ?? []));

/** Says whether a process is of a service, by the same evidence that the daemon has, but for what it remembers. */
export function isOf(
  { pid: only, instance, instances = [] }: PublishedService,
  pid: number,
  evidence: Evidence,
): boolean {
  const all = [{ pid: only, mark: instance }, ...instances];
  return all.some(({ pid: leader, mark }) => {
    if (leader === undefined || mark === undefined) return false;
    const bond = findBond(pid, { pid: leader, ...mark }, evidence);
    return bond !== undefined && bond !== 'gone';
  });
}
