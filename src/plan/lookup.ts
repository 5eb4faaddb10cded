/** What a reference such as `${db.pg.port}` is worth in a resolved plan. */
import { calledOf, findOtherName } from '../contract/called.ts';
import type { Diagnostic } from '../contract/diagnostic.ts';
import type { RuleId } from '../contract/rule-ids.ts';
import { suggest } from '../lib/suggest.ts';
import { denyAccess } from './access.ts';
import { ATTRIBUTES, attributeOf, isAttribute, webSocketUrl, type Attribute } from './address.ts';
import type { Plan, ResolvedPort } from './plan.ts';

export type Answer =
  | { readonly value: string }
  | { readonly problem: Pick<Diagnostic, 'message' | 'hint'> & { readonly code?: RuleId } }
  /** It stands for something that is wrong itself, and reported there. */
  | { readonly failed: true };

export interface LookupInputs {
  readonly plan: Plan;
  readonly ports: ReadonlyMap<string, readonly ResolvedPort[]>;
  /** The expanded `url:` of a service; undefined where it declares none. */
  declaredUrl(service: string): Answer | undefined;
}

/** `self` is the service that the reference stands in. */
export function lookUp(inputs: LookupInputs, path: readonly string[], self: string): Answer {
  const [first = '', ...rest] = path;
  if (first === 'workspace' && rest.length === 0) return { value: inputs.plan.stack.workspace };
  if (first === 'stack') return lookUpStack(inputs.plan, rest);
  const name = first === 'self' ? self : first;
  const ports = inputs.ports.get(name);
  if (ports === undefined) {
    const services = [...inputs.plan.services.values()].map(({ service }) => calledOf(service));
    const other = findOtherName(first, services);
    const known = [...inputs.plan.services.keys(), 'self', 'stack'];
    return problem(path, `there is no service "${first}"${other?.why ?? ''}`, 0, known, other?.name);
  }
  const denied = deny(inputs.plan, path, name, self);
  if (denied !== undefined) return denied;
  if (rest.length === 1) return lookUpService(inputs, path, name, ports);
  const [portName = '', attribute = ''] = rest;
  const port = ports.find((each) => each.name === portName);
  if (port === undefined) {
    return problem(
      path,
      `${name} has no port "${portName}"`,
      1,
      ports.map((each) => each.name),
    );
  }
  if (rest.length > 2 || !isAttribute(attribute)) {
    return problem(path, `a port has no "${rest.slice(1).join('.')}"`, 2, ATTRIBUTES);
  }
  return valueOf(attributeOf(port, attribute), path, `the port ${portName} of ${name} has no ${attribute}`);
}

/** Names that a browser shows are no secret: an API needs those of its clients for CORS. */
const PUBLIC: readonly Attribute[] = ['publicUrl', 'publicWsUrl', 'publicHost', 'publicHostname', 'hosts'];

function deny(plan: Plan, path: readonly string[], name: string, self: string): Answer | undefined {
  const provider = plan.services.get(name);
  const attribute = path.at(-1) ?? '';
  if (provider === undefined || (isAttribute(attribute) && PUBLIC.includes(attribute))) return undefined;
  const port = path.length > 2 ? path[1] : provider.ports.find((each) => each.primary)?.name;
  const denial = denyAccess(provider.service, self, port);
  if (denial === undefined) return undefined;
  return { problem: { ...denial, message: `\${${path.join('.')}}: ${denial.message}`, code: 'PR011' } };
}

function lookUpStack(plan: Plan, rest: readonly string[]): Answer {
  const { slug, ident, index } = plan.stack;
  const known: Readonly<Record<string, string>> = { slug, ident, index: String(index) };
  const name = rest.join('.');
  if (Object.hasOwn(known, name)) return { value: known[name] ?? '' };
  return problem(['stack', name], `a stack has no "${name}"`, 1, Object.keys(known));
}

function lookUpService(
  inputs: LookupInputs,
  path: readonly string[],
  name: string,
  ports: readonly ResolvedPort[],
): Answer {
  const attribute = path.at(-1) ?? '';
  if (!isAttribute(attribute)) {
    return problem(path, `a service has no "${attribute}"`, 1, [
      ...ATTRIBUTES,
      ...ports.map((port) => port.name),
    ]);
  }
  if (attribute === 'url' || attribute === 'wsUrl') {
    const url = inputs.declaredUrl(name);
    if (url !== undefined && (attribute === 'url' || !('value' in url))) return url;
    if (url !== undefined && 'value' in url) {
      return valueOf(
        webSocketUrl(url.value),
        path,
        `the url of ${name} is not http, so it has no ${attribute}`,
      );
    }
  }
  const primary = ports.find((port) => port.primary);
  if (primary === undefined)
    return valueOf(undefined, path, `${name} has no port, so it has no ${attribute}`);
  return valueOf(
    attributeOf(primary, attribute),
    path,
    `the port ${primary.name} of ${name} has no ${attribute}`,
  );
}

function valueOf(value: string | undefined, path: readonly string[], otherwise: string): Answer {
  if (value !== undefined) return { value };
  return {
    problem: { message: `\${${path.join('.')}}: ${otherwise}`, hint: 'reference something that it has' },
  };
}

/** @param step The part of the path that is unknown. @param meant What is meant, where that is no matter of letters. */
function problem(
  path: readonly string[],
  message: string,
  step: number,
  known: readonly string[],
  meant?: string,
): Answer {
  const nearest = meant ?? suggest(path[step] ?? '', known);
  const list = known.length <= 12 ? known.join(', ') : `${known.slice(0, 12).join(', ')} …`;
  const hint =
    nearest === undefined
      ? `known here: ${list || 'nothing'}`
      : `did you mean "\${${path.map((part, index) => (index === step ? nearest : part)).join('.')}}"?`;
  return { problem: { message: `\${${path.join('.')}}: ${message}`, hint } };
}
