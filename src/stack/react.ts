import type { Belonging } from '../lib/holder.ts';
import type { Finding } from '../protocol/messages.ts';
import { judgeFinding } from './findings.ts';
import type { Unit } from './unit.ts';

export interface Reactions {
  /** The services of the stack, as they are by the time that it is known what to do. */
  readonly units: () => readonly Unit[];
  /** Something that a person should know about the service. */
  readonly tell: (unit: Unit, text: string) => void;
  /** Tells whose a process is that portramp may have started; undefined where that is not written down. */
  readonly belongingOf: (pid: number) => Promise<Belonging | undefined>;
  /**
   * Looks for an instance on the number that it was given, and not on the one that it opened; false where it was not
   * followed, or that cannot be.
   */
  readonly forget: (unit: Unit, slot: number, port: string, opened: number) => Promise<boolean>;
}

/** Does what a finding about an instance asks for, if that instance is the one that runs now. */
export async function reactTo(
  finding: Finding,
  { units, tell, belongingOf, forget }: Reactions,
): Promise<void> {
  const pid = finding.kind === 'ghost' && finding.label === undefined ? finding.holder.pid : undefined;
  // A record that cannot be read says nothing; what was found is told all the same.
  const belonging = pid === undefined ? undefined : await belongingOf(pid).catch(() => undefined);
  for (const unit of units()) {
    const instance = unit.instances.find(({ process }) => process?.marker === finding.marker);
    if (instance === undefined) continue;
    const { slot, launched } = instance;
    const consequence = judgeFinding(launched ?? unit.resolved, finding, belonging);
    switch (consequence?.kind) {
      case 'ghost':
        // A number that it opened by itself once was not promised to it.
        if (await forget(unit, slot, finding.port, finding.number)) return;
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
