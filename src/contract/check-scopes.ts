/** What a service that all branches share may depend on: nothing that each branch has its own of. */
import type { Problem } from './issues.ts';
import type { ServiceFields } from './schema-service.ts';
import { referencesIn } from './template.ts';

/** What of the service itself differs from branch to branch. */
const OWN_NAMES = ['publicUrl', 'publicWsUrl', 'publicHost', 'publicHostname', 'hosts'];

type Services = Readonly<Record<string, ServiceFields>>;

export function checkScopes(services: Services): Problem[] {
  return Object.entries(services)
    .filter(([, service]) => service.scope === 'workspace')
    .flatMap(([name, service]) => [
      ...checkConsumed(name, service, services),
      ...checkEnvironment(name, service, services),
    ]);
}

function checkConsumed(name: string, service: ServiceFields, services: Services): Problem[] {
  return (service.consumes ?? []).flatMap((entry, index): Problem[] => {
    const provider = typeof entry === 'string' ? entry : entry.service;
    if (isForAll(services[provider])) return [];
    return [
      {
        path: ['services', name, 'consumes', index],
        at: 'value',
        message: `all branches share ${name}, and each has a ${provider} of its own`,
        hint: `write scope: workspace for ${provider} too, or remove it here`,
      },
    ];
  });
}

/** The same values for every stack: else each would want another container. */
function checkEnvironment(name: string, service: ServiceFields, services: Services): Problem[] {
  return Object.entries(service.env ?? {}).flatMap(([key, value]): Problem[] => {
    const differs =
      typeof value === 'string' && referencesIn(value).some((path) => isOfStack(path, services));
    if (!differs) return [];
    return [
      {
        path: ['services', name, 'env', key],
        at: 'value',
        message: `all branches share ${name}, and this differs from branch to branch`,
        hint: `keep it out of env; url: and cleanup: of ${name} may name the stack`,
      },
    ];
  });
}

function isOfStack([first = '', ...rest]: readonly string[], services: Services): boolean {
  if (first === 'workspace') return false;
  if (first === 'stack') return true;
  if (OWN_NAMES.includes(rest.at(-1) ?? '')) return true;
  return first !== 'self' && !isForAll(services[first]);
}

/** An unknown service is reported elsewhere. */
const isForAll = (service: ServiceFields | undefined): boolean =>
  service === undefined || service.scope === 'workspace' || service.external !== undefined;
