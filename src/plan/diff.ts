/** What has to happen when one resolved plan takes the place of another. Pure. */
import { accessOf } from './access.ts';
import { isEqual } from './equal.ts';
import type { Change, ResolvedPort, ResolvedService } from './plan.ts';

type Impact = Change['impact'];

interface Difference {
  readonly field: string;
  readonly impact: Impact;
}

/**
 * Removed services first, then those that are new or changed, in the order of `next`. Services that stay as
 * they are do not occur: `diffServices(a, a)` is empty.
 */
export function diffServices(
  last: ReadonlyMap<string, ResolvedService>,
  next: ReadonlyMap<string, ResolvedService>,
): Change[] {
  const changes: Change[] = [];
  for (const name of last.keys()) {
    if (!next.has(name)) changes.push({ service: name, kind: 'removed', fields: [], impact: 'restart' });
  }
  for (const [name, service] of next) {
    const before = last.get(name);
    if (before === undefined) {
      changes.push({ service: name, kind: 'added', fields: [], impact: 'restart' });
      continue;
    }
    const differences = compareServices(before, service);
    if (differences.length === 0) continue;
    const fields = differences.map((difference) => difference.field);
    changes.push({ service: name, kind: 'changed', fields, impact: worst(differences) });
  }
  return changes;
}

function compareServices(last: ResolvedService, next: ResolvedService): Difference[] {
  const differences: Difference[] = [];
  const compare = (field: string, impact: Impact, a: unknown, b: unknown): void => {
    if (!isEqual(a, b)) differences.push({ field, impact });
  };
  compare('kind', 'restart', last.kind, next.kind);
  compare('dir', 'restart', last.dir, next.dir);
  compare('command', 'restart', last.command, next.command);
  compare('unset', 'restart', last.unset, next.unset);
  for (const key of keysOf(last.env, next.env)) {
    compare(`env.${key}`, impactOfVariable(key, last, next), last.env[key], next.env[key]);
  }
  differences.push(...comparePorts(last, next));
  for (const [field, impact] of POLICIES) {
    compare(field, impact, policyOf(last, field), policyOf(next, field));
  }
  const [before, after] = [accessOf(last.service), accessOf(next.service)];
  compare('access.from', 'none', before?.from, after?.from);
  compare('access.browser', 'reroute', before?.browser, after?.browser);
  compare('access.formPosts', 'reroute', before?.formPosts, after?.formPosts);
  compare('needs', 'none', last.needs, next.needs);
  return differences;
}

/** How the runner treats a service: it reads them when it needs them, except what a child was started with. */
const POLICIES = [
  ['ready', 'none'],
  ['restart', 'none'],
  ['stop', 'none'],
  ['start', 'none'],
  ['run', 'none'],
  ['resolve', 'restart'],
  ['definition', 'restart'],
  ['resources', 'none'],
  ['scope', 'restart'],
  ['cleanup', 'none'],
  ['transition', 'none'],
  ['replicas', 'none'],
  ['watch', 'none'],
  ['idle', 'none'],
  ['inputs', 'none'],
  ['tls', 'reroute'],
] as const;

function policyOf({ service }: ResolvedService, field: (typeof POLICIES)[number][0]): unknown {
  return new Map<string, unknown>(Object.entries(service)).get(field);
}

/**
 * A service that is merely told a public name, its own or a provider's, need not start again when that changes:
 * services dial ports. Who wrote it into `env` has the program use it.
 */
function impactOfVariable(key: string, last: ResolvedService, next: ResolvedService): Impact {
  const isMirror = PUBLIC_NAME.test(key) && !isDeclared(key, last) && !isDeclared(key, next);
  return isMirror && key in last.env && key in next.env ? 'reroute' : 'restart';
}

const PUBLIC_NAME = /^PORTRAMP_URL$|_PUBLIC_URL$/;

const isDeclared = (key: string, { service }: ResolvedService): boolean =>
  service.kind !== 'external' && Object.hasOwn(service.env, key);

function comparePorts(last: ResolvedService, next: ResolvedService): Difference[] {
  // Nothing runs here that could be started again.
  const hard: Impact = next.kind === 'external' ? 'reroute' : 'restart';
  const before = new Map(last.ports.map((port) => [port.name, port]));
  const after = new Map(next.ports.map((port) => [port.name, port]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const a = before.get(name);
    const b = after.get(name);
    if (a === undefined || b === undefined) return [{ field: `ports.${name}`, impact: hard }];
    return PORT_FIELDS.filter((field) => !isEqual(a[field], b[field])).map((field) => ({
      field: `ports.${name}.${field}`,
      impact: ROUTING.includes(field) ? 'reroute' : POLICY_FIELDS.includes(field) ? 'none' : hard,
    }));
  });
}

/** `url` and `publicUrl` follow from the others. */
const PORT_FIELDS = [
  'port',
  'targetPort',
  'host',
  'appProtocol',
  'primary',
  'implicit',
  'static',
  'visibility',
  'follow',
  'listener',
  'ramp',
  'hosts',
  'shortHosts',
  'extraHosts',
  'paths',
  'rewrite',
  'publicUrl',
] as const satisfies readonly (keyof ResolvedPort)[];

/** What they do shows in the number, the host names and the environment; or it matters at the next start only. */
const POLICY_FIELDS: readonly (keyof ResolvedPort)[] = [
  'implicit',
  'static',
  'visibility',
  'follow',
  'listener',
];

const ROUTING: readonly (keyof ResolvedPort)[] = [
  'hosts',
  'shortHosts',
  'extraHosts',
  'paths',
  'rewrite',
  'publicUrl',
];

function worst(differences: readonly Difference[]): Impact {
  const impacts = differences.map((difference) => difference.impact);
  if (impacts.includes('restart')) return 'restart';
  return impacts.includes('reroute') ? 'reroute' : 'none';
}

const keysOf = (a: object, b: object): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])];
