import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { MAX_LABEL } from '../names.ts';
import type { Plan } from '../plan.ts';

/** Labels that portramp, or the meaning of `localhost`, has taken. */
const RESERVED = ['portramp', 'localhost'];

/** Host names that two ports would share, and labels that cannot be used. */
export function findHostProblems(contract: Contract, plan: Plan): Finding[] {
  const owners = new Map<string, string>();
  const findings: Finding[] = [];
  for (const service of contract.services.values()) {
    const planned = plan.services.get(service.name);
    for (const port of planned?.ports ?? []) {
      const at = ['services', service.name, 'ports', port.name, 'host'];
      const own = `${service.name} (port ${port.name})`;
      for (const host of port.hosts) {
        const owner = owners.get(host);
        owners.set(host, owner ?? own);
        if (owner === undefined) continue;
        const message = `${host} would lead to both ${owner} and ${own}`;
        findings.push({ at, message, hint: 'give one of the ports another host' });
      }
      const declared = service.ports.find((each) => each.name === port.name);
      const labels = (declared?.hosts ?? []).flatMap((host) => host.split('.'));
      findings.push(...labels.flatMap((label) => findLabelProblem(label, at)));
    }
  }
  return findings;
}

function findLabelProblem(label: string, at: readonly string[]): Finding[] {
  if (RESERVED.includes(label)) {
    return [{ at, message: `the host name "${label}" is reserved`, hint: 'give the port another host' }];
  }
  if (label.length <= MAX_LABEL) return [];
  const message = `"${label}" has ${label.length} characters, and a part of a host name at most ${MAX_LABEL}`;
  return [{ at, message, hint: 'shorten the name, or give the port a shorter host' }];
}
