/** What fields have to do with each other, where the schema cannot say it. */
import { checkRanges, checkReservations, checkSeverities } from './check-ranges.ts';
import { checkPolicies } from './check-policies.ts';
import { checkReadiness } from './check-readiness.ts';
import { checkRenames } from './check-renames.ts';
import { checkScopes } from './check-scopes.ts';
import { parseExternal, type ExternalTarget } from './external.ts';
import type { Problem } from './issues.ts';
import { isRoutable, primaryOf, protocolOf } from './ports.ts';
import type { ContractFields } from './schema.ts';
import type { PortFields } from './schema-port.ts';
import type { ServiceFields } from './schema-service.ts';
import type { Path } from './tree.ts';

type Field = keyof ServiceFields;

/** How portramp runs a process; of no use where something else runs it, or nothing does. */
const LONG_LIVED = ['transition', 'replicas', 'ramp', 'watch', 'idle'] as const satisfies readonly Field[];
const RUN_HERE = [
  'kind',
  'dir',
  'envFile',
  'restart',
  'stop',
  'run',
  'resolve',
  'inputs',
] as const satisfies readonly Field[];

/** Only containers outlive the runner, and have an inside. */
const IN_CONTAINERS = ['scope', 'cleanup'] as const satisfies readonly Field[];

/** Fields that do nothing for a kind of service; to accept them would be to ignore them. */
const FOREIGN: Readonly<Record<'process' | 'task' | 'external' | 'compose', readonly Field[]>> = {
  process: ['run', 'inputs', 'tls', ...IN_CONTAINERS],
  task: ['ports', 'ready', 'restart', 'start', 'url', 'access', 'tls', ...LONG_LIVED, ...IN_CONTAINERS],
  external: ['consumes', 'env', 'ready', 'start', ...RUN_HERE, ...LONG_LIVED, ...IN_CONTAINERS],
  // The Compose file says what it is and how it is run.
  compose: ['tls', ...RUN_HERE, ...LONG_LIVED],
};

/** Names that references use for something else. */
const RESERVED = ['self', 'stack'];

/** `environments`: all that the contract knows. */
export function checkFields(fields: ContractFields, environments: readonly string[]): Problem[] {
  const problems = Object.entries(fields.services).flatMap(([name, service]) => checkService(name, service));
  for (const group of Object.keys(fields.groups ?? {})) {
    if (!Object.hasOwn(fields.services, group)) continue;
    const message = `"${group}" is the name of a group and of a service`;
    problems.push({ path: ['groups', group], at: 'key', message, hint: 'rename the group' });
  }
  return [
    ...problems,
    ...checkRanges(fields.ranges ?? {}, environments),
    ...checkReservations(fields.reservations ?? []),
    ...checkSeverities(fields.check?.severity ?? {}),
    ...checkRenames(Object.entries(fields.services), ['services'], 'service'),
    ...checkScopes(fields.services),
  ];
}

function checkService(name: string, service: ServiceFields): Problem[] {
  const path = ['services', name];
  const problems: Problem[] = [];
  if (RESERVED.includes(name)) {
    const message = `a service cannot be called "${name}": references use that word`;
    problems.push({ path, at: 'key', message, hint: `rename it, so that \${${name}.port} has one meaning` });
  }
  return [
    ...problems,
    ...checkKind(service, path),
    ...checkExternal(service, path),
    ...checkPorts(service, path),
    ...checkReadiness(name, service, kindOf(service), path),
    ...checkConsumes(service, path),
    ...checkPolicies(service, path),
  ];
}

const kindOf = (service: ServiceFields): keyof typeof FOREIGN =>
  service.external !== undefined
    ? 'external'
    : service.compose !== undefined
      ? 'compose'
      : (service.kind ?? 'process');

function checkKind(service: ServiceFields, path: Path): Problem[] {
  const ways = (['command', 'external', 'compose'] as const).filter((field) => service[field] !== undefined);
  const [first, second] = ways;
  if (first === undefined) {
    const message = `${path.join('.')} says neither what to run nor where it is`;
    return [{ path, at: 'key', message, hint: 'add command: …, external: … or compose: …' }];
  }
  const problems: Problem[] = [];
  if (second !== undefined) {
    const message =
      first === 'command' && second === 'external'
        ? `${path.join('.')} has a command and is external`
        : `${path.join('.')} has both ${first} and ${second}`;
    problems.push({ path: [...path, second], at: 'key', message, hint: `keep one of ${ways.join(' and ')}` });
  }
  const kind = kindOf(service);
  for (const field of FOREIGN[kind]) {
    if (service[field] === undefined || (field === 'ports' && service.ports === false)) continue;
    const message = `"${field}" does nothing for ${KIND_NAMES[kind]}`;
    problems.push({ path: [...path, field], at: 'key', message, hint: hintFor(field, kind) });
  }
  return problems;
}

const KIND_NAMES = {
  process: 'a process',
  task: 'a task',
  external: 'an external service',
  compose: 'a Compose service',
} as const;

function hintFor(field: Field, kind: keyof typeof FOREIGN): string {
  if (field === 'run') return 'add kind: task, or write start: manual';
  if (field === 'start' && kind === 'task') return 'write run: manual';
  if (field === 'scope' && kind === 'process') {
    return 'a process ends with the checkout that started it: run it with Compose, or start it by hand and write external: 127.0.0.1:PORT';
  }
  if (field === 'tls') {
    return 'what runs here needs no certificate that can be checked: write appProtocol: https at its port';
  }
  if (field === 'cleanup') return 'it is run inside of a container: write it for a service of Compose';
  return `remove ${field}`;
}

function checkExternal(service: ServiceFields, path: Path): Problem[] {
  if (service.external === undefined) return [];
  const target = parseExternal(service.external);
  if (target === undefined) {
    const message = `"${service.external}" is not an address that can be routed to`;
    const hint = 'write https://billing.example.com, or host:port; a path belongs into url';
    return [{ path: [...path, 'external'], at: 'value', message, hint }];
  }
  const tls = checkTls(service, target, path);
  if (tls.length > 0 || service.ports === undefined) return tls;
  const idle = Object.entries(service.ports || {}).flatMap(([name, port]) =>
    checkForeignPort(port ?? {}, [...path, 'ports', name]),
  );
  if (idle.length > 0) return idle;
  const at = { path: [...path, 'ports'], at: 'key' } as const;
  const [only, ...rest] = service.ports === false ? [] : Object.entries(service.ports);
  if (only === undefined || rest.length > 0) {
    return [
      { ...at, message: 'an external service has exactly one port', hint: 'keep one port, or remove ports' },
    ];
  }
  const [name, port] = only;
  const fits =
    target.protocol === 'tcp' ||
    (protocolOf(port ?? {}, target) === 'https') === (target.protocol === 'https');
  if (fits && !(target.protocol !== 'tcp' && port?.appProtocol === 'tcp')) return [];
  const message = `appProtocol ${port?.appProtocol} contradicts the address, which says ${target.protocol}`;
  return [
    { path: [...path, 'ports', name, 'appProtocol'], at: 'value', message, hint: 'remove appProtocol' },
  ];
}

function checkTls(service: ServiceFields, target: ExternalTarget, path: Path): Problem[] {
  const [only] = Object.values(service.ports || {});
  if (service.tls === undefined || protocolOf(only ?? {}, target) === 'https') return [];
  const message = `"tls" does nothing for an address that says ${target.protocol}`;
  const hint = `write external: https://${service.external?.replace(/^http:\/\//i, '')}, or remove tls`;
  return [{ path: [...path, 'tls'], at: 'key', message, hint }];
}

/** What only makes sense for a port that somebody opens here. */
const OWN_PORT_FIELDS = ['static', 'visibility', 'follow', 'listener', 'ramp'] as const;

const checkForeignPort = (port: PortFields, path: Path): Problem[] =>
  OWN_PORT_FIELDS.filter((field) => port[field] !== undefined).map((field) => ({
    path: [...path, field],
    at: 'key',
    message: `"${field}" does nothing for the port of an external service`,
    hint: `remove ${field}`,
  }));

function checkPorts(service: ServiceFields, path: Path): Problem[] {
  const { ports } = service;
  if (ports === undefined || ports === false || kindOf(service) === 'task') return [];
  const target = service.external === undefined ? undefined : parseExternal(service.external);
  const entries = Object.entries(ports).map(([name, port]): [string, PortFields] => [name, port ?? {}]);
  const primary = primaryOf(entries);
  const problems: Problem[] = checkRenames(entries, [...path, 'ports'], 'port');
  if (primary === undefined && service.external === undefined) {
    const message = 'which of these ports is the first is not clear';
    const hint = 'call one of them http, or add primary: true to one';
    problems.push({ path: [...path, 'ports'], at: 'key', message, hint });
  }
  for (const [name, port] of entries) {
    const at = [...path, 'ports', name];
    if (port.primary === true && name !== primary) {
      const message = `"${name}" cannot be the first port: "${primary}" is`;
      problems.push({ path: [...at, 'primary'], at: 'key', message, hint: 'remove primary' });
    }
    problems.push(...checkPath(port, at));
    if (port.container !== undefined && service.compose === undefined) {
      const message = '"container" is the port inside of a container, and this is no Compose service';
      problems.push({ path: [...at, 'container'], at: 'key', message, hint: 'remove container' });
    }
    if (isNamed(port) && !isRoutable(protocolOf(port, target))) {
      const message = `a port that speaks ${protocolOf(port, target)} has no host name: host names lead to http and https`;
      problems.push({
        path: [...at, port.host === undefined ? 'path' : 'host'],
        at: 'key',
        message,
        hint: `remove ${port.host === undefined ? 'path' : 'host'}, or write appProtocol: http`,
      });
    }
  }
  return problems;
}

const isNamed = ({ host, path }: PortFields): boolean =>
  host === undefined ? path !== undefined : host !== false;

function checkPath(port: PortFields, at: Path): Problem[] {
  if (port.rewrite !== undefined && port.path === undefined) {
    const message = '"rewrite" says what stands in place of path, and there is no path';
    return [{ path: [...at, 'rewrite'], at: 'key', message, hint: 'add path: /api, or remove rewrite' }];
  }
  if (port.path === undefined || port.host !== false) return [];
  const message = '"path" belongs to a host name, and the port has none';
  return [{ path: [...at, 'path'], at: 'key', message, hint: 'remove path, or host: false' }];
}

function checkConsumes(service: ServiceFields, path: Path): Problem[] {
  const seen = new Set<string>();
  return (service.consumes ?? []).flatMap((entry, index): Problem[] => {
    const { service: provider, port } =
      typeof entry === 'string' ? { service: entry, port: undefined } : entry;
    const key = `${provider}\0${port ?? ''}`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const message = `"${provider}" is consumed twice`;
    return [{ path: [...path, 'consumes', index], at: 'value', message, hint: 'keep one of them' }];
  });
}
