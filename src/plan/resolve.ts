/**
 * Plan + port numbers → exactly what is launched: every reference filled in, the environment put together
 * (shell < env files < injected < `env`). Pure.
 */
import { resolve } from 'node:path';

import type { ExternalTls, Readiness, Service, StopPolicy } from '../contract/contract.ts';
import { sortDiagnostics, type Diagnostic } from '../contract/diagnostic.ts';
import { explainPattern } from '../lib/pattern.ts';
import { expandCommand, expandTemplate } from './expand.ts';
import type { Plan, PlannedService, ResolvedService } from './plan.ts';
import { createValues, type ResolveInputs, type Values } from './values.ts';

export type { ResolveInputs } from './values.ts';

export interface Resolution {
  /** Providers before consumers. */
  readonly services: Map<string, ResolvedService>;
  readonly diagnostics: Diagnostic[];
}

/** @throws PortrampError INTERNAL when a port of a process has no lease. */
export function resolveServices(plan: Plan, inputs: ResolveInputs): Resolution {
  const diagnostics: Diagnostic[] = [];
  const values = createValues(plan, inputs, (diagnostic) => diagnostics.push(diagnostic));
  const services = new Map<string, ResolvedService>();
  for (const planned of plan.services.values()) {
    // A bad `url:` is reported even where nobody uses it.
    values.declaredUrl(planned.name);
    services.set(planned.name, resolveService(plan, planned, inputs, values));
  }
  return { services, diagnostics: sortDiagnostics(diagnostics) };
}

/**
 * Makes the function that gives a service as the instance in a slot is launched: with the target ports of that slot.
 * What names mean in a slot is worked out once for all services.
 */
export function resolveInstances(
  plan: Plan,
  inputs: ResolveInputs,
): (name: string, slot: number) => ResolvedService | undefined {
  const slots = new Map<number, Slot>();
  const slotOf = (slot: number): Slot => {
    const known = slots.get(slot);
    if (known !== undefined) return known;
    const inSlot = { ...inputs, slot };
    // What is wrong with templates was reported when the stack was resolved.
    const made = { inSlot, values: createValues(plan, inSlot, () => undefined), resolved: new Map() };
    slots.set(slot, made);
    return made;
  };
  return (name, slot) => {
    const planned = plan.services.get(name);
    if (planned === undefined) return undefined;
    const { inSlot, values, resolved } = slotOf(slot);
    const service = resolved.get(name) ?? resolveService(plan, planned, inSlot, values);
    resolved.set(name, service);
    return service;
  };
}

/** One slot: its values, and what has been resolved with them. A launch asks for the same service again and again. */
interface Slot {
  readonly inSlot: ResolveInputs;
  readonly values: Values;
  readonly resolved: Map<string, ResolvedService>;
}

function resolveService(
  plan: Plan,
  planned: PlannedService,
  inputs: ResolveInputs,
  values: Values,
): ResolvedService {
  const { name, service, needs } = planned;
  const shared = { name, kind: service.kind, needs, ports: values.ports.get(name) ?? [] };
  if (service.kind === 'external') {
    const external = { ...service, tls: resolveTls(service.tls, inputs) };
    return { ...shared, service: external, dir: plan.stack.root, command: [], env: {}, unset: [] };
  }
  return {
    ...shared,
    dir: resolve(plan.stack.root, service.dir),
    command: resolveCommand(service.command, name, ['command'], values),
    ...resolveEnvironment(service, inputs, values),
    service: { ...resolvePolicies(service, values), stop: resolveStop(service, values) },
  };
}

/** With the text of the authorities in place of their path. */
const resolveTls = (
  tls: ExternalTls | undefined,
  { certificates }: ResolveInputs,
): ExternalTls | undefined => (tls?.ca === undefined ? tls : { ...tls, ca: certificates?.get(tls.ca) });

type Runnable = Exclude<Service, { kind: 'external' }>;

/** What is filled in besides the command and its environment. */
function resolvePolicies(service: Runnable, values: Values): Runnable {
  const { name } = service;
  if (service.kind === 'process') {
    return { ...service, ready: resolveReadiness(service.ready, name, values) };
  }
  if (service.kind === 'task' || service.cleanup === undefined) return service;
  return { ...service, cleanup: resolveCommand(service.cleanup, name, ['cleanup'], values) };
}

type Path = readonly (string | number)[];

function resolveCommand(
  command: string | readonly string[],
  name: string,
  path: Path,
  values: Values,
): string | string[] {
  if (typeof command === 'string') return expandCommand(command, values.scope(name, path));
  return command.map((word, index) => expandTemplate(word, values.scope(name, [...path, index])));
}

function resolveStop({ name, stop }: Runnable, values: Values): StopPolicy {
  if (stop.command === undefined) return stop;
  return { ...stop, command: resolveCommand(stop.command, name, ['stop', 'command'], values) };
}

function resolveEnvironment(
  service: Runnable,
  inputs: ResolveInputs,
  values: Values,
): Pick<ResolvedService, 'env' | 'unset'> {
  const env = new Map<string, string>();
  for (const { path } of service.envFiles) {
    for (const [key, value] of Object.entries(inputs.envFiles.get(path) ?? {})) env.set(key, value);
  }
  for (const [key, means] of values.injected(service.name)) {
    const value = values.valueOf(means, service.name);
    if (value !== undefined) env.set(key, value);
  }
  const unset: string[] = [];
  for (const [key, template] of Object.entries(service.env)) {
    env.delete(key);
    if (template === null) unset.push(key);
    else env.set(key, expandTemplate(template, values.scope(service.name, ['env', key])));
  }
  return { env: Object.fromEntries(env), unset };
}

function resolveReadiness(ready: Readiness, name: string, values: Values): Readiness {
  if (ready.kind === 'http') {
    return { ...ready, path: expandTemplate(ready.path, values.scope(name, ['ready', 'http'])) };
  }
  if (ready.kind === 'file') {
    return { ...ready, path: expandTemplate(ready.path, values.scope(name, ['ready', 'file'])) };
  }
  if (ready.kind === 'exec') {
    return { ...ready, command: resolveCommand(ready.command, name, ['ready', 'exec'], values) };
  }
  // A `$` at the end of a pattern is an anchor: only patterns with a template are templates.
  if (ready.kind !== 'log' || !ready.pattern.includes('${')) return ready;
  const scope = values.scope(name, ['ready', 'log']);
  const pattern = expandTemplate(ready.pattern, scope, escapePattern);
  const wrong = explainPattern(pattern);
  if (wrong !== undefined) scope.report({ code: 'PR001', severity: 'error', ...wrong, ...scope.at });
  return { ...ready, pattern };
}

const escapePattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
