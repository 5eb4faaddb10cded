import type { Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';

/** `cycles` as `orderServices` finds them. */
export const findCycles = (contract: Contract, cycles: readonly (readonly string[])[]): Finding[] =>
  cycles.map((cycle) => {
    const [first = '', second = first] = cycle;
    const index = consumesOf(contract, first).findIndex((entry) => entry.service === second);
    return {
      at: ['services', first, 'consumes', index],
      message: `these services wait for each other: ${[...cycle, first].join(' → ')}`,
      hint: `remove one of these from consumes, or make it optional: - { service: ${second}, optional: true }`,
    };
  });

function consumesOf(contract: Contract, name: string): readonly { readonly service: string }[] {
  const service = contract.services.get(name);
  return service === undefined || service.kind === 'external' ? [] : service.consumes;
}
