import type { RestingStack } from '../front/resting.ts';
import type { FrontStack } from '../front/table.ts';
import { DEFAULT_ENVIRONMENT } from '../plan/names.ts';
import type { Finding } from '../ports/findings.ts';
import { describeHolder } from '../lib/holder.ts';
import { findStack, keyText, type Ledger, type LedgerStack } from '../ports/ledger.ts';
import type { PublishedRoute, PublishedService, StackSnapshot } from '../protocol/messages.ts';
import type { Sessions } from './sessions.ts';
import type { Standing, Verification } from './verification.ts';

/** Keeps what the front serves: the routes of every stack with a runner, as far as their listeners are verified. */
export function frontStacks(
  sessions: Sessions,
  ledger: Ledger,
  standingOf: Verification['standingOf'],
): FrontStack[] {
  return sessions.all().flatMap(({ key, snapshot }) => {
    const stack = findStack(ledger, key);
    if (stack === undefined) return [];
    const { slug } = stack;
    const routes = verifiedRoutes(snapshot, standingOf);
    const { services } = snapshot;
    return [{ slug, key: keyText(key), label: labelOf(stack), routes, ports: ownPorts(snapshot), services }];
  });
}

/** The numbers of a stack's services on this machine, those of ramps and of what stands behind them. */
const ownPorts = ({ services }: StackSnapshot): Set<number> =>
  new Set(
    services
      .filter(({ kind }) => kind !== 'external')
      .flatMap(({ ports }) => ports.flatMap(({ port, targetPort }) => [port, targetPort])),
  );

/** Stacks of the ledger that no runner speaks for: none is attached, or it has not published anything yet. */
export function restingStacks(
  sessions: Sessions,
  ledger: Ledger,
  gone: ReadonlySet<string> = new Set(),
): RestingStack[] {
  const hosts = new Map<string, string[]>();
  for (const [host, key] of Object.entries(ledger.hosts)) {
    const own = hosts.get(keyText(key));
    if (own === undefined) hosts.set(keyText(key), [host]);
    else own.push(host);
  }
  return ledger.stacks
    .filter((stack) => (sessions.find(stack)?.snapshot.services.length ?? 0) === 0)
    .map((stack) => ({
      slug: stack.slug,
      label: labelOf(stack),
      root: stack.root,
      ...(stack.environment === DEFAULT_ENVIRONMENT ? {} : { environment: stack.environment }),
      hosts: hosts.get(keyText(stack)) ?? [],
      ...(gone.has(stack.root) ? { gone: true } : {}),
    }));
}

const labelOf = ({ workspace, branch }: LedgerStack): string =>
  branch === undefined ? workspace : `${workspace} (${branch})`;

/** A request waits until the instance has been looked at, and never goes to one that shares its port. */
function verifiedRoutes(snapshot: StackSnapshot, standingOf: Verification['standingOf']): PublishedRoute[] {
  const services = new Map(snapshot.services.map((service) => [service.name, service]));
  return snapshot.routes.map((published) => {
    const { service, port, route } = published;
    const owner = services.get(service);
    if (owner?.instances !== undefined) return verifyInstances(published, owner, standingOf);
    const marker = owner?.instance?.marker;
    const isExternal = owner?.ports.find(({ name }) => name === port)?.listener === 'external';
    if (route.state !== 'live' || marker === undefined || isExternal) return published;
    return { ...published, route: judgeRoute(route, standingOf(marker), service) };
  });
}

/** Of several instances those that have been looked at serve, and no condemned one does. */
function verifyInstances(
  published: PublishedRoute,
  { name, ports, instances = [] }: PublishedService,
  standingOf: Verification['standingOf'],
): PublishedRoute {
  const { route, port } = published;
  const isExternal = ports.find((one) => one.name === port)?.listener === 'external';
  if (route.state !== 'live' || isExternal) return published;
  const judged = route.targets.map((target) => {
    const owner = instances.find((one) => one.ports[port] === target.port && one.mark !== undefined);
    const marker = owner?.mark?.marker;
    const standing: Standing = marker === undefined ? { kind: 'fine' } : standingOf(marker);
    return { target, standing };
  });
  const targets = judged.filter(({ standing }) => standing?.kind === 'fine').map(({ target }) => target);
  if (targets.length > 0) return { ...published, route: { state: 'live', targets } };
  const open = judged.some(({ standing }) => standing === undefined);
  const standing = open ? undefined : judged[0]?.standing;
  return { ...published, route: judgeRoute(route, standing, name) };
}

function judgeRoute(
  route: PublishedRoute['route'],
  standing: Standing,
  service: string,
): PublishedRoute['route'] {
  if (standing === undefined) return { state: 'warming' };
  if (standing.kind === 'fine') return route;
  const message = describeFinding(standing.finding);
  return { state: 'failed', failure: { message, hint: `portramp why ${service}`, log: [] } };
}

export function describeFinding(finding: Finding): string {
  const { number, port } = finding;
  switch (finding.kind) {
    case 'ghost':
      return `port ${number} (${port}) is shared with ${describeHolder(finding.holder)}`;
    case 'unknown':
      return `port ${number} (${port}) is listened on by a process that cannot be identified`;
    case 'elsewhere':
      return `nothing listens on port ${number} (${port})`;
  }
}
