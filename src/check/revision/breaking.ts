/**
 * A contract is a set of promises: to consumers, and to people and programs outside. A change is breaking where
 * one of them is not kept. Each promise is looked for in the later contract by itself, so no step of several can
 * hide what the whole way would show, as long as nothing leaves and comes back on the way.
 */
import type { Service } from '../../contract/contract.ts';
import { isWithin, spanText } from '../../contract/ranges.ts';
import { denyAccess } from '../../plan/access.ts';
import type { Meaning } from '../../plan/told.ts';
import type { ChangeCode, Difference } from './change.ts';
import {
  addressesOf,
  addressesOnlyIn,
  consumersOf,
  consumesOf,
  portOf,
  providerOf,
  rangeOwner,
  usedPorts,
  type View,
} from './view.ts';

const breaking = (code: ChangeCode, message: string, at: readonly (string | number)[]): Difference => ({
  weight: 'breaking',
  code,
  message,
  at,
});

/** `before` is in the names of `after`. */
export const findBreaking = (before: View, after: View): Difference[] => [
  ...findRenamedWorkspace(before, after),
  ...findLostServices(before, after),
  ...findLostPorts(before, after),
  ...findLostConsumption(before, after),
  ...findNarrowedAccess(before, after),
  ...findLostVariables(before, after),
  ...findChangedPorts(before, after),
  ...findLostStatics(before, after),
  ...findShrunkRange(before, after),
  ...findHandedOver(before, after),
  ...findLostReadiness(before, after),
];

function findRenamedWorkspace(before: View, after: View): Difference[] {
  const [old, name] = [before.contract.workspace, after.contract.workspace];
  if (old === name) return [];
  const message = `the workspace ${old} is now called ${name}, and so are all its host names`;
  return [breaking('workspace-renamed', message, ['workspace'])];
}

/** A hand-off that knew when the new instance can answer does not know it any more. */
function findLostReadiness(before: View, after: View): Difference[] {
  return [...after.contract.services.values()].flatMap((later) => {
    const service = before.contract.services.get(later.name);
    if (service?.kind !== 'process' || later.kind !== 'process') return [];
    const isLost = service.ready.kind !== 'default' && later.ready.kind === 'default';
    const { strategy } = later.transition;
    const isHandoff = strategy !== 'replace' && service.transition.strategy !== 'replace';
    if (!isLost || !isHandoff) return [];
    const message = `${later.name} no longer says when it is ready, and is replaced by ${strategy}`;
    return [breaking('readiness-removed', message, ['services', later.name])];
  });
}

/** Consumers that are still there: who left as well misses nothing. */
const survivors = (before: View, after: View, provider: string): Service[] =>
  consumersOf(before, provider).filter((consumer) => after.contract.services.has(consumer.name));

const namesOf = (services: readonly Service[]): string => services.map((service) => service.name).join(', ');

function findLostServices(before: View, after: View): Difference[] {
  return [...before.contract.services.keys()].flatMap((name) => {
    if (after.contract.services.has(name)) return [];
    const consumers = survivors(before, after, name);
    if (consumers.length === 0) return [];
    const message = `${name} is removed, and was consumed by ${namesOf(consumers)}`;
    return [breaking('service-removed', message, ['services', name])];
  });
}

function findLostPorts(before: View, after: View): Difference[] {
  return [...before.contract.services.values()].flatMap((provider) => {
    const later = after.contract.services.get(provider.name);
    if (later === undefined) return [];
    const consumers = survivors(before, after, provider.name);
    return provider.ports.flatMap(({ name }) => {
      const users = consumers.filter((consumer) => usedPorts(consumer, provider).includes(name));
      if (portOf(later, name) !== undefined || users.length === 0) return [];
      const message = `the port ${name} of ${provider.name} is removed, and was consumed by ${namesOf(users)}`;
      return [breaking('port-removed', message, ['services', provider.name, 'ports', name])];
    });
  });
}

function findLostConsumption(before: View, after: View): Difference[] {
  return [...before.contract.services.values()].flatMap((consumer) => {
    const later = after.contract.services.get(consumer.name);
    if (later === undefined) return [];
    return consumesOf(consumer).flatMap(({ service, port }) => {
      const provider = after.contract.services.get(service);
      // What left is told by the others.
      if (provider === undefined || (port !== undefined && portOf(provider, port) === undefined)) return [];
      const has = consumesOf(later).some(
        (entry) => entry.service === service && (port === undefined || uses(entry.port, port, provider)),
      );
      if (has) return [];
      const what = port === undefined ? service : `the port ${port} of ${service}`;
      const message = `${consumer.name} no longer consumes ${what}, and is not told it any more`;
      return [breaking('consumption-removed', message, ['services', consumer.name, 'consumes'])];
    });
  });
}

const uses = (entry: string | undefined, port: string, provider: Service): boolean =>
  entry === port || (entry === undefined && portOf(provider, port)?.primary === true);

function findNarrowedAccess(before: View, after: View): Difference[] {
  return [...before.contract.services.values()].flatMap((provider) => {
    const { name } = provider;
    const later = after.contract.services.get(name);
    if (later === undefined) return [];
    const denied = survivors(before, after, name).filter(
      (consumer) =>
        denyAccess(provider, consumer.name) === undefined && denyAccess(later, consumer.name) !== undefined,
    );
    if (denied.length === 0) return [];
    const message = `${name} no longer lets in ${namesOf(denied)}`;
    return [breaking('access-narrowed', message, ['services', name, 'access'])];
  });
}

/** The consumer still consumes the provider, and is told less about it, or something else under the same name. */
function findLostVariables(before: View, after: View): Difference[] {
  return [...before.told].flatMap(([consumer, variables]) => {
    const later = after.told.get(consumer);
    if (later === undefined) return [];
    const consumed = consumesOf(after.contract.services.get(consumer)).map((entry) => entry.service);
    const kept = [...variables].filter(([, means]) => consumed.includes(providerOf(means, consumer) ?? ''));
    const lost = kept.filter(([name]) => !later.has(name)).map(([name]) => name);
    const moved = kept
      .filter(([name, means]) => isMoved(means, later.get(name)) && isThere(means, after))
      .map(([name]) => name);
    const at = ['services', consumer];
    return [
      ...(lost.length === 0
        ? []
        : [breaking('variable-removed', `${consumer} is no longer told ${lost.join(', ')}`, at)]),
      ...(moved.length === 0
        ? []
        : [breaking('variable-changed', `${moved.join(', ')} of ${consumer} lead to another port`, at)]),
    ];
  });
}

/** What it told is still there; else its removal is what there is to say. */
const isThere = (means: Meaning, { contract }: View): boolean =>
  means.kind === 'port' && portOf(contract.services.get(means.service), means.port) !== undefined;

const isMoved = (before: Meaning, after: Meaning | undefined): boolean =>
  before.kind === 'port' &&
  after?.kind === 'port' &&
  (before.service !== after.service || before.port !== after.port);

function findChangedPorts(before: View, after: View): Difference[] {
  return [...before.contract.services.values()].flatMap((service) => {
    const later = after.contract.services.get(service.name);
    return service.ports.flatMap((port) => {
      const next = portOf(later, port.name);
      if (next === undefined) return [];
      const at = ['services', service.name, 'ports', port.name];
      const name = `${service.name}.${port.name}`;
      const found: Difference[] = [];
      if (next.appProtocol !== port.appProtocol) {
        const message = `${name} speaks ${next.appProtocol}, and spoke ${port.appProtocol}`;
        found.push(breaking('protocol-changed', message, [...at, 'appProtocol']));
      }
      const slug = before.contract.workspace;
      const lost = addressesOnlyIn(addressesOf(port, slug), addressesOf(next, slug));
      if (lost !== '') {
        const message = `${name} is no longer found under ${lost}`;
        found.push(breaking('host-changed', message, [...at, 'host']));
      }
      return found;
    });
  });
}

/** Pinned numbers are for people and programs that are not in the contract, so they outlive its services. */
function findLostStatics(before: View, after: View): Difference[] {
  return [...before.contract.services.values()].flatMap((service) =>
    service.ports.flatMap((port) => {
      if (port.static === undefined) return [];
      const next = portOf(after.contract.services.get(service.name), port.name);
      if (next?.static === port.static) return [];
      const change = next?.static === undefined ? 'no longer pinned' : `pinned to ${next.static}`;
      const message = `${service.name}.${port.name} is ${change}, and was pinned to ${port.static}`;
      return [breaking('static-changed', message, ['services', service.name, 'ports', port.name, 'static'])];
    }),
  );
}

/** Numbers that people and programs outside know. */
const promisedNumbers = ({ contract }: View): number[] => [
  ...contract.reservations.map((reservation) => reservation.port),
  ...[...contract.services.values()].flatMap((service) => service.ports.flatMap((port) => port.static ?? [])),
];

function findShrunkRange(before: View, after: View): Difference[] {
  const { range } = after.contract;
  const owner = rangeOwner(after.contract);
  const promised = new Set(promisedNumbers(before));
  const lost = promisedNumbers(after).filter(
    (port) => promised.has(port) && isWithin(port, before.contract.range) && !isWithin(port, range),
  );
  if (lost.length === 0) return [];
  const list = [...new Set(lost)].join(', ');
  const message = `the range of ${owner} is ${spanText(range)}, which leaves out ${list}`;
  return [breaking('range-shrunk', message, ['ranges', owner])];
}

function findHandedOver(before: View, after: View): Difference[] {
  return before.contract.reservations.flatMap((reservation) => {
    const index = after.contract.reservations.findIndex((each) => each.port === reservation.port);
    const next = after.contract.reservations[index];
    if (next === undefined) return [];
    const keeper = (each: typeof next): string =>
      each.service ?? `somebody outside (${each.owner ?? 'no owner'})`;
    if (keeper(next) === keeper(reservation)) return [];
    const message = `${next.port} is reserved for ${keeper(next)}, and was for ${keeper(reservation)}`;
    return [breaking('reservation-handed-over', message, ['reservations', index])];
  });
}
