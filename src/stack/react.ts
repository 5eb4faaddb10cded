import type { ResolvedPort } from '../plan/plan.ts';
import type { Finding } from '../protocol/messages.ts';
import { judgeFinding } from './findings.ts';
import type { Unit, UnitInstance } from './unit.ts';

export interface Reactions {
  /** Something that a person should know about the service. */
  readonly tell: (text: string) => void;
  readonly follow: (port: ResolvedPort, number: number) => Promise<void>;
}

/** Does what a finding about an instance that runs now asks for. */
export function reactTo(
  finding: Finding,
  unit: Unit,
  { slot, launched }: UnitInstance,
  { tell, follow }: Reactions,
): void {
  const consequence = judgeFinding(launched ?? unit.resolved, finding);
  switch (consequence?.kind) {
    case 'ghost':
      tell(consequence.cause.message);
      unit.tell(slot, { type: 'ghost', cause: consequence.cause });
      return;
    case 'tell':
      tell(consequence.text);
      return;
    case 'follow':
      void follow(consequence.port, consequence.number);
      return;
    case undefined:
      return;
  }
}
