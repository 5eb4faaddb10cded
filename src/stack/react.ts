import type { Finding } from '../protocol/messages.ts';
import { judgeFinding } from './findings.ts';
import type { Unit } from './unit.ts';

export interface Reactions {
  /** Something that a person should know about the service. */
  readonly tell: (unit: Unit, text: string) => void;
}

/** Does what a finding about an instance asks for, if that instance is the one that runs now. */
export function reactTo(finding: Finding, units: readonly Unit[], { tell }: Reactions): void {
  for (const unit of units) {
    const instance = unit.instances.find(({ process }) => process?.marker === finding.marker);
    if (instance === undefined) continue;
    const { slot, launched } = instance;
    const consequence = judgeFinding(launched ?? unit.resolved, finding);
    switch (consequence?.kind) {
      case 'ghost':
        tell(unit, consequence.cause.message);
        unit.tell(slot, { type: 'ghost', cause: consequence.cause });
        return;
      case 'tell':
        tell(unit, consequence.text);
        return;
      case undefined:
        return;
    }
  }
}
