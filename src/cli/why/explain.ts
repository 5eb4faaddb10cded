/** From what the daemon, the runner and the system say to an explanation. Pure. */
import type {
  PortHolder,
  PublishedPort,
  PublishedService,
  RunningStack,
  ServiceDetails,
} from '../../protocol/messages.ts';
import { certificateHint } from '../../lib/certificate-hint.ts';
import { explainSilence } from '../../lib/silence.ts';
import { suggest } from '../../lib/suggest.ts';
import { describeUnrouted, findUnrouted, type Unrouted } from '../../lib/unrouted.ts';
import { meaningOf, statusOf } from '../../protocol/status.ts';
import { complaintOf, refusalOf, silenceOf } from '../complaint.ts';
import { tellInstance } from '../instances.ts';
import type {
  HostExplanation,
  LeaseExplanation,
  NeedExplanation,
  PortExplanation,
  ServiceExplanation,
} from './explanation.ts';
import { findTroubled } from './troubled.ts';

/** All stacks of the machine with their holdings, and what the runner of the one in question adds. */
export interface Facts {
  readonly stacks: readonly RunningStack[];
  readonly details: ReadonlyMap<string, ServiceDetails>;
  readonly front: number | undefined;
  /** Why the front does not listen; absent where it does. */
  readonly frontProblem?: string | undefined;
  /** Folders of stacks that are not there any more, as far as it was asked. */
  readonly gone?: ReadonlySet<string>;
}

/** What was found on a port. */
export interface PortFacts {
  readonly free: boolean;
  readonly holders: readonly PortHolder[];
  /** Which of the holders belong to the service. */
  readonly own: ReadonlySet<number>;
}

export function explainService(
  facts: Facts,
  stack: RunningStack,
  name: string,
  ports: ReadonlyMap<number, PortFacts>,
): ServiceExplanation {
  const service = stack.services.find((one) => one.name === name);
  const details = facts.details.get(name);
  const numbers = service === undefined ? leasedNumbers(stack, name) : numbersOf(service);
  return {
    stack: stack.slug,
    root: stack.root,
    service: name,
    state: service === undefined ? 'not running' : statusOf(service),
    ...(stack.silent === true ? { silent: true } : {}),
    ...reasonOf(facts, stack, service),
    needs: explainNeeds(facts, stack, name, new Set([name])),
    ...(details?.probe === undefined ? {} : { probe: details.probe }),
    ...(details?.ended === undefined ? {} : { ended: details.ended }),
    ...(service?.answers === undefined ? {} : { answers: service.answers }),
    ...(service?.held === undefined ? {} : { held: service.held }),
    ...(details?.remains === undefined ? {} : { remains: details.remains }),
    ...tellInstances(service),
    ports: numbers.map((number) => explainPort(facts, number, ports.get(number))),
    refusedHosts: refusedHosts(stack, name),
  };
}

/** One instance that is as the service itself needs no line of its own. */
function tellInstances(service: PublishedService | undefined): Pick<ServiceExplanation, 'instances'> {
  if (service?.instances === undefined || service.instances.length < 2) return {};
  return { instances: service.instances.map((instance) => tellInstance(service, instance)) };
}

/** Short names are made from the name of a service: `api.localhost`. */
const refusedHosts = (stack: RunningStack, name: string): ServiceExplanation['refusedHosts'] =>
  Object.entries(stack.refusedHosts ?? {})
    .filter(([host]) => host === `${name}.localhost`)
    .map(([host, holder]) => ({ host, stack: holder }));

/**
 * The numbers of a service that runs, in the order in which a request passes them: of a port with a ramp what people
 * dial, then where each instance listens. Those of an external service are not this machine's.
 */
export function numbersOf({ kind, ports, instances = [] }: PublishedService): number[] {
  if (kind === 'external') return [];
  return ports.flatMap((port) =>
    hasRamp(port)
      ? [port.port, ...instances.flatMap((instance) => instance.ports[port.name] ?? [])]
      : [port.targetPort],
  );
}

/** Only a ramp has numbers of instances behind it. */
const hasRamp = ({ leases }: PublishedPort): boolean => leases !== undefined;

export const leasedNumbers = (stack: RunningStack, name: string): number[] =>
  (stack.leases ?? []).filter(({ service }) => service === name).map(({ number }) => number);

function reasonOf(
  { gone, details }: Facts,
  stack: RunningStack,
  service: PublishedService | undefined,
): Pick<ServiceExplanation, 'reason' | 'hint'> {
  if (stack.pid === undefined && gone?.has(stack.root) === true)
    return { reason: `its checkout ${stack.root} was removed or moved`, hint: 'portramp clean' };
  if (stack.pid === undefined) return { reason: 'no runner is attached', hint: 'portramp dev' };
  if (stack.silent === true) {
    const { words, hint } = explainSilence(stack.pid);
    return { reason: `the runner (pid ${stack.pid}) does not answer: it ${words}`, hint };
  }
  // Whom it waits for is told with the needs.
  const complaint = service === undefined || service.state === 'waiting' ? {} : complaintOf(service);
  if (complaint.reason !== undefined) return complaint;
  const refusal = service === undefined ? {} : refusalOf(service);
  if (refusal.reason !== undefined) return refusal;
  const misspoken = service?.ports.find((port) => port.speaksTls === true);
  if (service !== undefined && misspoken !== undefined) {
    return {
      reason: `it speaks TLS on port ${misspoken.targetPort}, and portramp.yaml says http`,
      hint: `services.${service.name}.ports: { ${misspoken.name}: { appProtocol: https } }`,
    };
  }
  if (service?.state === 'external') return reasonOfExternal(service);
  if (service !== undefined && meaningOf(service).isUp) return silenceOf(service);
  if (service?.state !== 'idle') return {};
  const { name } = service;
  if (statusOf(service) === 'sleeping')
    return { reason: 'the first request will start it', hint: `portramp open ${name}` };
  // Nothing else puts to rest what ran, as long as its stack runs.
  const reason = details.get(name)?.ran === true ? 'stopped by a command' : 'nobody started it';
  return { reason, hint: `portramp start ${name}` };
}

/** Nobody looks after what runs elsewhere: the requests that it did not answer tell. */
function reasonOfExternal({ name, answers }: PublishedService): Pick<ServiceExplanation, 'reason' | 'hint'> {
  if (answers?.failed === undefined) return {};
  const { message } = answers.failed;
  const hint = certificateHint(name, message);
  return { reason: `it did not answer: ${message}`, ...(hint === undefined ? {} : { hint }) };
}

/** Needs that are in the way, and theirs; a service that was told already is not told again below itself. */
function explainNeeds(
  facts: Facts,
  stack: RunningStack,
  name: string,
  told: ReadonlySet<string>,
): NeedExplanation[] {
  return openNeeds(facts, stack, name)
    .filter((need) => !told.has(need.service))
    .map(({ service, condition }) => {
      const provider = stack.services.find((one) => one.name === service);
      return {
        service,
        condition,
        state: provider === undefined ? 'not running' : statusOf(provider),
        ...reasonOf(facts, stack, provider),
        needs: explainNeeds(facts, stack, service, new Set([...told, service])),
      };
    });
}

function openNeeds(
  facts: Facts,
  stack: RunningStack,
  name: string,
): { service: string; condition: string }[] {
  const details = facts.details.get(name);
  if (details !== undefined) {
    // What was met at the start is not looked at again by who runs: whoever asks why wants to know.
    const troubled = findTroubled(stack.services, facts.details);
    return details.needs.filter(({ service, met, optional }) => !optional && (!met || troubled.has(service)));
  }
  // A runner of another version says at least whom a service waits for.
  const waitingFor = stack.services.find((one) => one.name === name)?.waitingFor ?? [];
  return waitingFor.map((service) => ({ service, condition: 'ready' }));
}

export function explainPort(facts: Facts, number: number, found: PortFacts | undefined): PortExplanation {
  const lease = findLease(facts.stacks, number);
  return {
    number,
    ...(lease === undefined ? {} : { lease }),
    ...(facts.front === number ? { front: true } : {}),
    ...(isRamp(facts.stacks, number) ? { ramp: true } : {}),
    free: found?.free ?? true,
    holders: (found?.holders ?? []).map((holder) => ({
      ...holder,
      own: holder.pid !== undefined && found?.own.has(holder.pid) === true,
    })),
  };
}

const isRamp = (stacks: readonly RunningStack[], number: number): boolean =>
  stacks.some(({ services }) =>
    services.some(({ ports }) => ports.some((port) => hasRamp(port) && port.port === number)),
  );

function findLease(stacks: readonly RunningStack[], number: number): LeaseExplanation | undefined {
  for (const stack of stacks) {
    const shared = { stack: stack.slug, root: stack.root, running: stack.pid !== undefined };
    const lease =
      stack.leases?.find((one) => one.number === number) ??
      stack.leases?.find((one) => one.borrowed === number);
    if (lease !== undefined) {
      const { borrowed } = lease;
      const isBorrowed = lease.number !== number;
      const pinned = lease.static === number ? undefined : lease.static;
      return {
        ...shared,
        service: lease.service,
        port: lease.port,
        ...(pinned === undefined ? {} : { pinned }),
        ...(lease.generation === undefined ? {} : { generation: lease.generation }),
        ...(isBorrowed ? { given: lease.number } : {}),
        ...(isBorrowed || borrowed === undefined ? {} : { opened: borrowed }),
      };
    }
    const opened = ownerOf(stack, number);
    if (opened !== undefined) return { ...shared, ...opened };
  }
  return undefined;
}

/** The service of a stack that listens there, also where it was followed to a port that nobody leased. */
function ownerOf(stack: RunningStack, number: number): { service: string; port: string } | undefined {
  for (const { name, kind, ports } of stack.services) {
    const port = ports.find((one) => one.targetPort === number);
    if (port !== undefined && kind !== 'external') return { service: name, port: port.name };
  }
  return undefined;
}

/** `http://API.shop.localhost:7267/x` → `api.shop.localhost`. */
export function hostOf(text: string): string {
  const [authority = ''] = text.replace(/^[a-z]+:\/\//i, '').split(/[/?#]/, 1);
  return authority.replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase();
}

/** The service that a host leads to. */
export function findHost(
  stacks: readonly RunningStack[],
  host: string,
): { readonly stack: RunningStack; readonly service?: string } | undefined {
  for (const stack of stacks) {
    const service = stack.services.find(({ ports }) => ports.some(({ hosts }) => hosts.includes(host)));
    if (service !== undefined) return { stack, service: service.name };
  }
  const stack = stacks.find(({ hosts }) => hosts?.includes(host));
  return stack && { stack };
}

/** The service that a host without a route means, in a stack that runs. */
function findUnroutedHost(
  stacks: readonly RunningStack[],
  host: string,
): { readonly stack: RunningStack; readonly meant: Unrouted } | undefined {
  for (const stack of stacks) {
    const meant = findUnrouted(host, stack.slug, stack.services);
    if (meant !== undefined) return { stack, meant };
  }
  return undefined;
}

export function explainHost(
  { stacks, gone, frontProblem }: Facts,
  host: string,
  service: ServiceExplanation | undefined,
): HostExplanation {
  const routed = findHost(stacks, host);
  const unrouted = routed === undefined ? findUnroutedHost(stacks, host) : undefined;
  const found = routed ?? unrouted;
  const known = stacks.flatMap(({ hosts }) => hosts ?? []);
  const suggestion = found === undefined ? suggest(host, known) : undefined;
  return {
    host,
    ...(routed === undefined || frontProblem === undefined ? {} : { frontProblem }),
    ...(unrouted === undefined ? {} : { unrouted: tellUnrouted(unrouted.meant) }),
    ...(found === undefined ? {} : { stack: found.stack.slug, root: found.stack.root }),
    running: found?.stack.pid !== undefined,
    ...(found !== undefined && gone?.has(found.stack.root) === true ? { gone: true } : {}),
    ...(service === undefined ? {} : { service }),
    refused: stacks
      .filter(({ refusedHosts = {} }) => Object.hasOwn(refusedHosts, host))
      .map(({ slug }) => slug),
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

const tellUnrouted = (meant: Unrouted): NonNullable<HostExplanation['unrouted']> => ({
  service: meant.service,
  ...(meant.port === undefined ? {} : { port: meant.port.name }),
  reason: describeUnrouted(meant),
});
