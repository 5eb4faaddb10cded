import type { Contract } from '../contract/contract.ts';
import type { Diagnostic } from '../contract/diagnostic.ts';
import { MAX_LABEL } from './names.ts';
import type { Plan } from './plan.ts';

/** Labels that portramp, or the meaning of `localhost`, has taken. */
const RESERVED = ['portramp', 'localhost'];

/** Host names that two ports would share, and labels that cannot be used. */
export function checkHosts(contract: Contract, plan: Plan): Diagnostic[] {
  const owners = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  for (const service of contract.services.values()) {
    const planned = plan.services.get(service.name);
    for (const port of planned?.ports ?? []) {
      const report = (message: string, hint: string): void => {
        const at = contract.locate(['services', service.name, 'ports', port.name, 'host']);
        diagnostics.push({ code: 'PR013', severity: 'error', message, hint, ...at });
      };
      const own = `${service.name} (port ${port.name})`;
      for (const host of port.hosts) {
        const owner = owners.get(host);
        owners.set(host, owner ?? own);
        if (owner !== undefined) {
          report(`${host} would lead to both ${owner} and ${own}`, 'give one of the ports another host');
        }
      }
      for (const label of labelsOf(contract, service.name, port.name)) {
        if (RESERVED.includes(label))
          report(`the host name "${label}" is reserved`, 'give the port another host');
        if (label.length > MAX_LABEL) {
          const message = `"${label}" has ${label.length} characters, and a part of a host name at most ${MAX_LABEL}`;
          report(message, 'shorten the name, or give the port a shorter host');
        }
      }
    }
  }
  return diagnostics;
}

function labelsOf(contract: Contract, service: string, port: string): string[] {
  const declared = contract.services.get(service)?.ports.find((each) => each.name === port);
  return (declared?.hosts ?? []).flatMap((host) => host.split('.'));
}
