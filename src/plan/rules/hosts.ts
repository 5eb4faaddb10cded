import type { Contract, Port } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { MAX_LABEL } from '../names.ts';
import type { Plan, PlannedPort } from '../plan.ts';

/** Labels that portramp, or the meaning of `localhost`, has taken. */
const RESERVED = ['portramp', 'localhost'];

/** Addresses (a host and a path) that two ports would share, and labels that cannot be used. */
export function findHostProblems(contract: Contract, plan: Plan): Finding[] {
  const owners = new Map<string, string>();
  const findings: Finding[] = [];
  for (const service of contract.services.values()) {
    const planned = plan.services.get(service.name);
    for (const port of planned?.ports ?? []) {
      const at = ['services', service.name, 'ports', port.name, 'host'];
      const own = `${service.name} (port ${port.name})`;
      for (const address of addressesOf(port)) {
        const owner = owners.get(address);
        owners.set(address, owner ?? own);
        if (owner === undefined) continue;
        const message = `${address} would lead to both ${owner} and ${own}`;
        findings.push({ at, message, hint: 'give one of the ports another host, or another path' });
      }
      const declared = service.ports.find((each) => each.name === port.name);
      findings.push(...findNameProblems(contract, declared, at));
    }
  }
  return findings;
}

const addressesOf = ({ hosts, extraHosts, paths }: PlannedPort): string[] =>
  [...hosts, ...extraHosts].flatMap((host) => paths.map((path) => (path === '/' ? host : host + path)));

function findNameProblems(
  { services }: Contract,
  { hosts = [], extraHosts = [] }: Partial<Port> = {},
  at: readonly string[],
): Finding[] {
  const labels = hosts.flatMap((host) => host.split('.'));
  return [
    ...labels.flatMap((label) => findLabelProblem(label, at)),
    ...extraHosts.flatMap((host) => {
      const parts = host.replace(/^\*\./, '').split('.');
      // `*.portramp` lies below the stack: only its length can be wrong.
      const problems = parts.flatMap((part) => findLengthProblem(part, at));
      const last = parts.at(-1) ?? '';
      if (parts.length === 1 || !services.has(last)) return problems;
      const message = `"${host}" is a whole domain, and does not lie below the service ${last}`;
      return [...problems, { at, message, hint: `write host: "*.${last}", or a host of one word` }];
    }),
  ];
}

function findLabelProblem(label: string, at: readonly string[]): Finding[] {
  if (!RESERVED.includes(label)) return findLengthProblem(label, at);
  return [{ at, message: `the host name "${label}" is reserved`, hint: 'give the port another host' }];
}

function findLengthProblem(label: string, at: readonly string[]): Finding[] {
  if (label.length <= MAX_LABEL) return [];
  const message = `"${label}" has ${label.length} characters, and a part of a host name at most ${MAX_LABEL}`;
  return [{ at, message, hint: 'shorten the name, or give the port a shorter host' }];
}
