/** Differences that break no promise: risky where somebody should look, else safe. */
import type { Access, Contract, Port, Reservation, Service } from '../../contract/contract.ts';
import { spanText } from '../../contract/ranges.ts';
import { accessOf } from '../../plan/access.ts';
import { isEqual } from '../../plan/equal.ts';
import type { ChangeCode, Difference, Weight } from './change.ts';
import {
  addressesOf,
  addressesOnlyIn,
  consumersOf,
  consumesOf,
  portOf,
  rangeOwner,
  type View,
} from './view.ts';

type Path = Difference['at'];

const say = (weight: Weight, code: ChangeCode, message: string, at: Path): Difference => ({
  weight,
  code,
  message,
  at,
});

/** `before` is in the names of `after`. `today`: `YYYY-MM-DD`. */
export const findOthers = (before: View, after: View, today: string): Difference[] => [
  ...findServices(before, after),
  ...pairsOf(before.contract, after.contract).flatMap(([old, service]) => [
    ...findPorts(before, old, service),
    ...findConsumption(old, service),
    ...findAccess(old, service),
    ...findFields(old, service),
  ]),
  ...findRange(before.contract, after.contract),
  ...findReservations(before.contract, after.contract, today),
  ...findSettings(before.contract, after.contract),
];

const pairsOf = (before: Contract, after: Contract): [Service, Service][] =>
  [...after.services.values()].flatMap((service) => {
    const old = before.services.get(service.name);
    return old === undefined ? [] : [[old, service] as [Service, Service]];
  });

function findServices(before: View, after: View): Difference[] {
  const [old, next] = [before.contract.services, after.contract.services];
  const removed = [...old.values()].flatMap((service) => {
    const isConsumed = consumersOf(before, service.name).some((consumer) => next.has(consumer.name));
    if (next.has(service.name) || isConsumed) return [];
    const at = ['services', service.name];
    // Nobody in the contract needs it, but people may have its address.
    return service.ports.length > 0
      ? [say('risky', 'service-removed', `${service.name} is removed; no service consumes it`, at)]
      : [say('safe', 'service-removed', `${service.name} is removed; it had no port`, at)];
  });
  const added = [...next.keys()].filter((name) => !old.has(name));
  return [
    ...removed,
    ...added.map((name) => say('safe', 'service-added', `${name} is new`, ['services', name])),
  ];
}

function findPorts(before: View, old: Service, service: Service): Difference[] {
  const at = (name: string): string[] => ['services', service.name, 'ports', name];
  const removed = old.ports.flatMap((port) => {
    if (portOf(service, port.name) !== undefined) return [];
    return [
      say('risky', 'port-removed', `the port ${port.name} of ${service.name} is removed`, at(port.name)),
    ];
  });
  const rest = service.ports.flatMap((port) => {
    const earlier = portOf(old, port.name);
    if (earlier === undefined) {
      return [say('safe', 'port-added', `${service.name} has a new port ${port.name}`, at(port.name))];
    }
    return comparePorts(
      `${service.name}.${port.name}`,
      before.contract.workspace,
      earlier,
      port,
      at(port.name),
    );
  });
  return [...removed, ...rest];
}

function comparePorts(
  name: string,
  slug: string,
  old: Port,
  port: Port,
  at: readonly string[],
): Difference[] {
  const found: Difference[] = [];
  if (old.visibility === 'private' && port.visibility === 'public') {
    found.push(say('risky', 'access-widened', `${name} is no longer private`, [...at, 'visibility']));
  }
  const names = addressesOnlyIn(addressesOf(port, slug), addressesOf(old, slug));
  if (names !== '') {
    found.push(say('safe', 'host-added', `${name} is also found under ${names}`, [...at, 'host']));
  }
  if (old.static === undefined && port.static !== undefined) {
    found.push(say('safe', 'static-added', `${name} is pinned to ${port.static}`, [...at, 'static']));
  }
  const fields = changedFields(old, port, PORT_FIELDS);
  if (old.visibility === 'public' && port.visibility === 'private') fields.push('visibility');
  if (fields.length > 0) {
    found.push(say('safe', 'port-changed', `${name}: ${fields.join(', ')} changed`, at));
  }
  return found;
}

/** The others have a difference of their own. */
const PORT_FIELDS = ['primary', 'follow', 'listener', 'rewrite'] as const satisfies readonly (keyof Port)[];

function findConsumption(old: Service, service: Service): Difference[] {
  return consumesOf(service).flatMap((entry, index) => {
    const at = ['services', service.name, 'consumes', index];
    const key = ({ service: provider, port }: typeof entry): string => `${provider}\0${port ?? ''}`;
    const earlier = consumesOf(old).find((each) => key(each) === key(entry));
    const what = entry.port === undefined ? entry.service : `${entry.service}.${entry.port}`;
    if (earlier === undefined) {
      return [say('safe', 'consumption-added', `${service.name} consumes ${what}`, at)];
    }
    if (earlier.optional && !entry.optional) {
      const message = `${what} was optional for ${service.name}, and is required: it is started and awaited`;
      return [say('risky', 'now-required', message, at)];
    }
    if (isEqual(earlier, entry)) return [];
    return [say('safe', 'service-changed', `${service.name}: how it waits for ${what} changed`, at)];
  });
}

function findAccess(old: Service, service: Service): Difference[] {
  return [...findConsumers(old, service), ...findPages(old, service), ...findForms(old, service)];
}

/** Pages of other sites that may only send the browser here. */
function findForms(old: Service, service: Service): Difference[] {
  const [before = [], after = []] = [accessOf(old)?.formPosts, accessOf(service)?.formPosts];
  const at = ['services', service.name, 'access'];
  const added = originsOnlyIn(after, before);
  const removed = originsOnlyIn(before, after);
  return [
    ...(added === ''
      ? []
      : [say('risky', 'access-widened', `${service.name} lets in forms of ${added}`, at)]),
    ...(removed === ''
      ? []
      : [say('risky', 'access-narrowed', `${service.name} no longer lets in forms of ${removed}`, at)]),
  ];
}

/** Pages of other sites. */
function findPages(old: Service, service: Service): Difference[] {
  const [before = [], after = []] = [accessOf(old)?.browser, accessOf(service)?.browser];
  const at = ['services', service.name, 'access'];
  const added = originsOnlyIn(after, before);
  const removed = originsOnlyIn(before, after);
  return [
    ...(added === ''
      ? []
      : [say('risky', 'access-widened', `${service.name} lets in pages of ${added}`, at)]),
    ...(removed === ''
      ? []
      : [say('risky', 'access-narrowed', `${service.name} no longer lets in pages of ${removed}`, at)]),
  ];
}

type Browser = NonNullable<Access['browser']>;

function originsOnlyIn(left: Browser, right: Browser): string {
  if (right === 'any') return '';
  return left === 'any' ? 'every site' : left.filter((origin) => !right.includes(origin)).join(', ');
}

function findConsumers(old: Service, service: Service): Difference[] {
  const [before, after] = [accessOf(old)?.from, accessOf(service)?.from];
  if (isEqual(before, after)) return [];
  const at = ['services', service.name, 'access'];
  if (before !== undefined && after === undefined) {
    return [say('risky', 'access-widened', `${service.name} lets in every service`, at)];
  }
  const added = (after ?? []).filter((name) => before !== undefined && !before.includes(name));
  if (added.length > 0)
    return [say('risky', 'access-widened', `${service.name} lets in ${added.join(', ')}`, at)];
  const list = after?.join(', ') ?? '';
  return [
    say('safe', 'access-narrowed', `${service.name} lets in ${list === '' ? 'nobody' : list} only`, at),
  ];
}

function findFields(old: Service, service: Service): Difference[] {
  const at = ['services', service.name];
  if (old.kind === 'external' && service.kind === 'external' && !isEqual(old.target, service.target)) {
    const { host, port } = service.target;
    return [say('risky', 'target-changed', `${service.name} is at ${host}:${port}`, [...at, 'external'])];
  }
  if (old.kind === 'compose' && service.kind === 'compose' && old.scope !== service.scope) {
    const whose = service.scope === 'workspace' ? 'all branches share one' : 'each branch has its own';
    return [
      say('risky', 'service-changed', `${service.name}: ${whose}, with other data than before`, [
        ...at,
        'scope',
      ]),
    ];
  }
  const fields = changedFields(old, service, SERVICE_FIELDS);
  if (old.kind !== 'external' && service.kind !== 'external') {
    const names = new Set([...Object.keys(old.env), ...Object.keys(service.env)]);
    for (const name of names) if (old.env[name] !== service.env[name]) fields.push(`env.${name}`);
  }
  if (fields.length === 0) return [];
  return [say('safe', 'service-changed', `${service.name}: ${fields.join(', ')} changed`, at)];
}

const SERVICE_FIELDS = [
  'kind',
  'dir',
  'command',
  'envFiles',
  'url',
  'tls',
  'cleanup',
  'ready',
  'restart',
  'stop',
  'start',
  'run',
  'resolve',
  'transition',
];

function changedFields(old: object, next: object, fields: readonly string[]): string[] {
  const [left, right] = [new Map(Object.entries(old)), new Map(Object.entries(next))];
  return fields.filter((field) => !isEqual(left.get(field), right.get(field)));
}

function findRange(before: Contract, after: Contract): Difference[] {
  if (isEqual(before.range, after.range)) return [];
  const owner = rangeOwner(after);
  const message = `the range of ${owner} is ${spanText(after.range)}, so leases may move`;
  return [say('risky', 'range-changed', message, ['ranges', owner])];
}

function findReservations(before: Contract, after: Contract, today: string): Difference[] {
  const find = (list: readonly Reservation[], port: number): Reservation | undefined =>
    list.find((each) => each.port === port);
  const removed = before.reservations.flatMap(({ port, expires }) => {
    if (find(after.reservations, port) !== undefined) return [];
    return expires !== undefined && expires < today
      ? [
          say('safe', 'reservation-removed', `the expired reservation of ${port} is removed`, [
            'reservations',
          ]),
        ]
      : [say('risky', 'reservation-removed', `${port} is no longer reserved`, ['reservations'])];
  });
  const rest = after.reservations.flatMap((reservation, index) => {
    const earlier = find(before.reservations, reservation.port);
    const at = ['reservations', index];
    if (earlier === undefined) {
      return [say('safe', 'reservation-added', `${reservation.port} is reserved`, at)];
    }
    if (isEqual(earlier, reservation)) return [];
    return [say('safe', 'reservation-changed', `the reservation of ${reservation.port} changed`, at)];
  });
  return [...removed, ...rest];
}

function findSettings(before: Contract, after: Contract): Difference[] {
  const found: Difference[] = [];
  for (const name of new Set([...Object.keys(before.groups), ...Object.keys(after.groups)])) {
    if (isEqual(before.groups[name], after.groups[name])) continue;
    const isGone = after.groups[name] === undefined;
    const message = `the group ${name} ${isGone ? 'is removed' : before.groups[name] === undefined ? 'is new' : 'changed'}`;
    found.push(say(isGone ? 'risky' : 'safe', 'group-changed', message, ['groups', name]));
  }
  const settings = changedFields(before, after, ['discovery', 'severities']);
  if (settings.length > 0) {
    const names = settings.map((name) => (name === 'severities' ? 'check.severity' : name)).join(', ');
    found.push(say('safe', 'settings-changed', `${names} changed`, []));
  }
  return found;
}
