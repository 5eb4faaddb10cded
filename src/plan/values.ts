/**
 * The meaning of names in a plan whose numbers are known: references, injected variables, declared URLs. Lazy, so
 * that a `url:` may use others, and remembered, so that each is expanded and reported once.
 */
import type { Contract, EnvFileValues } from '../contract/contract.ts';
import type { Diagnostic } from '../contract/diagnostic.ts';
import { PortrampError } from '../lib/errors.ts';
import { attributeOf, resolvePort, toldPort, type FrontPort } from './address.ts';
import { expandTemplate, type Scope } from './expand.ts';
import { lookUp, type Answer } from './lookup.ts';
import { leaseInSlot } from './slots.ts';
import type { Leases, Plan, PlannedService, ResolvedPort } from './plan.ts';
import { injectionsOf, primaryPort, type Meaning } from './told.ts';
import { bridgePort, seenFrom, viewpointOf, type Viewpoint } from './viewpoint.ts';

export interface ResolveInputs {
  readonly leases: Leases;
  /** Which of its target ports a service with ramps shall use. Default: those of slot 0. */
  readonly slot?: number;
  /** Numbers that services opened in place of their leases, for ports that are followed; by the name of the lease. */
  readonly followed?: Leases | undefined;
  readonly front: FrontPort;
  /** Host names that another stack holds. */
  readonly refusedHosts?: ReadonlySet<string> | undefined;
  /** The environment that portramp was started in. */
  readonly ambient: Readonly<Record<string, string | undefined>>;
  readonly envFiles: EnvFileValues;
  /** PEM texts of authorities, by the paths that the contract has; absent where nothing is run. */
  readonly certificates?: ReadonlyMap<string, string> | undefined;
  readonly contract: Contract;
  readonly unresolvedVariables: 'error' | 'note';
}

export interface Values {
  readonly ports: ReadonlyMap<string, readonly ResolvedPort[]>;
  /** The expanded `url:` of a service; undefined where it declares none. */
  declaredUrl(service: string): Answer | undefined;
  /** What is injected into the service, by name. */
  injected(service: string): ReadonlyMap<string, Meaning>;
  valueOf(means: Meaning, self: string): string | undefined;
  /** For a template of the service, at a path below it. */
  scope(service: string, path: readonly (string | number)[]): Scope;
}

/** A chain of `url:` that reference each other, longer than this, is a mistake. */
const MAX_CHAIN = 100;

/** `report` gets what is wrong with declared URLs, and with every template that is expanded in a scope. */
export function createValues(
  plan: Plan,
  inputs: ResolveInputs,
  report: (diagnostic: Diagnostic) => void,
): Values {
  const ports = new Map(
    [...plan.services.values()].map((each) => [
      each.name,
      resolvePorts(each, inputs).map((port) => markRefused(port, inputs.refusedHosts)),
    ]),
  );
  const inside = new Map(
    [...plan.services.values()].map((each) => [each.name, seeInside(each, ports, inputs)]),
  );
  const portsAt = (view: Viewpoint): typeof ports => (view === 'host' ? ports : inside);
  const viewOf = (name: string): Viewpoint => viewpointOf(plan.services.get(name)?.service);
  const urls = new Map<string, Answer>();
  const expanding: string[] = [];
  const meanings = new Map<string, ReadonlyMap<string, Meaning>>();

  function declaredUrl(name: string, view: Viewpoint = 'host'): Answer | undefined {
    const template = plan.services.get(name)?.service.url;
    if (template === undefined) return undefined;
    const key = `${view} ${name}`;
    const known = urls.get(key);
    if (known !== undefined) return known;
    if (expanding.includes(name) || expanding.length >= MAX_CHAIN) {
      report(describeChain(inputs.contract, expanding, name));
      return { failed: true };
    }
    let failed = false;
    const outer = scope(name, ['url'], view);
    expanding.push(name);
    const value = expandTemplate(template, {
      ...outer,
      lookUp: (path) => {
        const answer = outer.lookUp(path);
        if (!('value' in answer)) failed = true;
        return answer;
      },
    });
    expanding.pop();
    const answer: Answer = failed ? { failed } : { value };
    urls.set(key, answer);
    return answer;
  }

  function injected(name: string): ReadonlyMap<string, Meaning> {
    const known = meanings.get(name);
    if (known !== undefined) return known;
    const planned = plan.services.get(name);
    const list = planned === undefined ? [] : injectionsOf(planned, plan.services, inputs.contract.discovery);
    const means = new Map(list.map((injection) => [injection.name, injection.means]));
    meanings.set(name, means);
    return means;
  }

  function valueOf(means: Meaning, self: string): string | undefined {
    if (means.kind === 'url') {
      const answer = declaredUrl(means.service, viewOf(self));
      // What is wrong with the URL has been reported: it is not also missing.
      return answer !== undefined && 'value' in answer ? answer.value : '';
    }
    if (means.kind === 'port') {
      const port = portsAt(viewOf(self))
        .get(means.service)
        ?.find((each) => each.name === means.port);
      if (port === undefined) return undefined;
      return means.attribute === 'targetPort' ? String(toldPort(port)) : attributeOf(port, means.attribute);
    }
    if (means.what === 'service') return self;
    if (means.what === 'url') {
      const answer = declaredUrl(self, viewOf(self));
      if (answer === undefined) return ownUrl(plan.services.get(self), ports.get(self) ?? []);
      return 'value' in answer ? answer.value : '';
    }
    return means.what === 'stack' ? plan.stack.slug : plan.stack.workspace;
  }

  function variable(name: string, wanted: string): string | undefined {
    const means = injected(name).get(wanted);
    return means === undefined
      ? variableBelow(plan.services.get(name), inputs, wanted)
      : valueOf(means, name);
  }

  /** Where a service listens itself: what it reads of its own port is the number that it has to open. */
  function insidePorts(name: string, view: Viewpoint): Values['ports'] {
    const seen = portsAt(view);
    const own = (seen.get(name) ?? []).map((port) => ({ ...port, port: port.targetPort }));
    return new Map([...seen, [name, own]]);
  }

  function scope(name: string, path: readonly (string | number)[], view = viewOf(name)): Scope {
    return {
      at: inputs.contract.locate(['services', name, ...path]),
      lookUp: (reference) =>
        lookUp(
          {
            plan,
            ports: path[0] === 'url' ? portsAt(view) : insidePorts(name, view),
            declaredUrl: (provider) => declaredUrl(provider, view),
          },
          reference,
          name,
        ),
      variable: (wanted) => variable(name, wanted),
      unresolvedVariables: inputs.unresolvedVariables,
      report,
    };
  }

  return { ports, declaredUrl, injected, valueOf, scope };
}

function resolvePorts({ name, service, ports }: PlannedService, inputs: ResolveInputs): ResolvedPort[] {
  const { front } = inputs;
  if (service.kind === 'external') {
    return ports.map((port) => resolvePort(service, port, service.target.port, front));
  }
  const leases = inputs.leases.get(name);
  return ports.map((port) => {
    const number = leases?.get(port.name);
    if (number === undefined) {
      throw new PortrampError('INTERNAL', `the port ${port.name} of ${name} has no lease`);
    }
    const lease = leaseInSlot(port, inputs.slot ?? 0);
    const leased = leases?.get(lease);
    const opened = port.follow === 'never' ? undefined : inputs.followed?.get(name)?.get(lease);
    const target = opened ?? leased;
    // Behind a ramp nobody else has to know what the instance opened.
    const dialled = port.ramp ? number : (target ?? number);
    const resolved = resolvePort(service, port, dialled, front, target);
    return opened === undefined ? resolved : { ...resolved, leased };
  });
}

function markRefused(port: ResolvedPort, refused: ReadonlySet<string> = new Set()): ResolvedPort {
  const refusedHosts = [...port.shortHosts, ...port.extraHosts].filter((host) => refused.has(host));
  return refusedHosts.length === 0 ? port : { ...port, refusedHosts };
}

/** The ports as a container of the stack's project sees them. */
function seeInside(
  { name, service }: PlannedService,
  ports: ReadonlyMap<string, readonly ResolvedPort[]>,
  { leases }: ResolveInputs,
): ResolvedPort[] {
  const bridge = leases.get(name);
  return (ports.get(name) ?? []).map((port) =>
    seenFrom('container', service, port, bridge?.get(bridgePort(port.name))),
  );
}

/** What the front calls the service, else where it is. */
function ownUrl(planned: PlannedService | undefined, ports: readonly ResolvedPort[]): string | undefined {
  const primary = planned === undefined ? undefined : primaryPort(planned);
  const port = ports.find((each) => each.name === primary?.name);
  return port === undefined ? undefined : (attributeOf(port, 'publicUrl') ?? port.url);
}

/** Below what is injected: the env files, later ones first, then the shell. */
function variableBelow(
  planned: PlannedService | undefined,
  inputs: ResolveInputs,
  wanted: string,
): string | undefined {
  const service = planned?.service;
  const files = service === undefined || service.kind === 'external' ? [] : service.envFiles;
  for (const { path } of files.toReversed()) {
    const values = inputs.envFiles.get(path);
    if (values !== undefined && Object.hasOwn(values, wanted)) return values[wanted];
  }
  return Object.hasOwn(inputs.ambient, wanted) ? inputs.ambient[wanted] : undefined;
}

/** Told once for a cycle: every other service that reaches it finds its members failed. */
function describeChain(contract: Contract, expanding: readonly string[], name: string): Diagnostic {
  const start = expanding.indexOf(name);
  const chain = start === -1 ? expanding : expanding.slice(start);
  const [first = name] = chain;
  const what = start === -1 ? 'is made from too many others' : 'is made from itself';
  const links = chain.length > 12 ? [...chain.slice(0, 12), '…'] : [...chain, name];
  return {
    code: 'PR026',
    severity: 'error',
    message: `the url of ${first} ${what}: ${links.join(' → ')}`,
    hint: 'make one of them from host and port: ${self.host}:${self.port}',
    ...contract.locate(['services', first, 'url']),
  };
}
