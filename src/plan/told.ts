/**
 * What a service is told through its environment: the names and what they stand for, before any number is
 * known. Only what it consumes, and itself.
 */
import { isHttpLike } from '../contract/ports.ts';
import type { Attribute } from './address.ts';
import type { PlannedPort, PlannedService } from './plan.ts';

/** A variable that portramp injects. */
export interface Injection {
  readonly name: string;
  readonly means: Meaning;
}

export type Meaning =
  | { readonly kind: 'self'; readonly what: 'service' | 'stack' | 'workspace' | 'url' }
  | {
      readonly kind: 'port';
      readonly service: string;
      readonly port: string;
      readonly attribute: Attribute | 'targetPort';
    }
  /** The `url:` that the service declares. */
  | { readonly kind: 'url'; readonly service: string };

export interface Discovery {
  readonly aspire: boolean;
  readonly kubernetes: boolean;
}

export function injectionsOf(
  planned: PlannedService,
  services: ReadonlyMap<string, PlannedService>,
  discovery: Discovery,
): Injection[] {
  if (planned.service.kind === 'external') return [];
  return [
    // A container listens where its image says, and knows itself by what the Compose file says.
    ...(planned.service.kind === 'compose' ? [] : ownInjections(planned)),
    ...planned.needs.flatMap((need) => {
      const provider = services.get(need.service);
      if (provider === undefined || need.silent) return [];
      const named = provider.ports.find((port) => port.name === need.port);
      return [
        ...addressInjections(provider),
        ...(named === undefined ? [] : [namedPort(provider, named)]),
        ...(discovery.aspire ? aspireInjections(provider) : []),
        ...(discovery.kubernetes ? kubernetesInjections(provider) : []),
      ];
    }),
  ];
}

/** `auth-api` → `AUTH_API`. */
export const envWord = (name: string): string => name.toUpperCase().replaceAll('-', '_');

export const primaryPort = (planned: PlannedService): PlannedPort | undefined =>
  planned.ports.find((port) => port.primary);

const isPublic = (port: PlannedPort): boolean => port.visibility !== 'private';

function ownInjections(planned: PlannedService): Injection[] {
  const { name: service } = planned;
  const identity: Injection[] = [
    { name: 'PORTRAMP_SERVICE', means: { kind: 'self', what: 'service' } },
    { name: 'PORTRAMP_STACK', means: { kind: 'self', what: 'stack' } },
    { name: 'PORTRAMP_WORKSPACE', means: { kind: 'self', what: 'workspace' } },
  ];
  const primary = primaryPort(planned);
  if (primary === undefined) return identity;
  return [
    { name: 'PORT', means: { kind: 'port', service, port: primary.name, attribute: 'targetPort' } },
    { name: 'HOST', means: { kind: 'port', service, port: primary.name, attribute: 'host' } },
    ...planned.ports
      .filter((port) => port !== primary)
      .map(({ name: port }): Injection => ({
        name: `${envWord(port)}_PORT`,
        means: { kind: 'port', service, port, attribute: 'targetPort' },
      })),
    { name: 'PORTRAMP_URL', means: { kind: 'self', what: 'url' } },
    ...identity,
  ];
}

function addressInjections(provider: PlannedService): Injection[] {
  const word = envWord(provider.name);
  const primary = primaryPort(provider);
  if (primary !== undefined && !isPublic(primary)) return [];
  const injections: Injection[] = [];
  const tell = (name: string, attribute: Attribute): void => {
    if (primary === undefined) return;
    injections.push({
      name: `${word}_${name}`,
      means: { kind: 'port', service: provider.name, port: primary.name, attribute },
    });
  };
  tell('HOST', 'host');
  tell('PORT', 'port');
  if (provider.service.url !== undefined) {
    injections.push({ name: `${word}_URL`, means: { kind: 'url', service: provider.name } });
  } else if (primary !== undefined && isHttpLike(primary.appProtocol)) tell('URL', 'url');
  if (primary !== undefined && primary.hosts.length > 0) tell('PUBLIC_URL', 'publicUrl');
  return injections;
}

const namedPort = (provider: PlannedService, port: PlannedPort): Injection => ({
  name: `${envWord(provider.name)}_${envWord(port.name)}_PORT`,
  means: { kind: 'port', service: provider.name, port: port.name, attribute: 'port' },
});

/** .NET service discovery: `services__NAME__ENDPOINT__INDEX`. */
const aspireInjections = (provider: PlannedService): Injection[] =>
  provider.ports.filter(isPublic).map(({ name: port }) => ({
    name: `services__${provider.name}__${port}__0`,
    means: { kind: 'port', service: provider.name, port, attribute: 'url' },
  }));

/** Kubernetes injects these for every Service of a namespace. */
function kubernetesInjections(provider: PlannedService): Injection[] {
  const primary = primaryPort(provider);
  if (primary === undefined || !isPublic(primary)) return [];
  const word = envWord(provider.name);
  const at = { kind: 'port', service: provider.name, port: primary.name } as const;
  return [
    { name: `${word}_SERVICE_HOST`, means: { ...at, attribute: 'host' } },
    { name: `${word}_SERVICE_PORT`, means: { ...at, attribute: 'port' } },
  ];
}
