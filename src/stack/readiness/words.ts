/** What a verdict about a service says to a person, and what to write. Pure. */
import type { Found } from '../service.ts';
import type { PortFacts, Verdict } from './assess.ts';

const NO_PORT =
  'if it has no port, write "ports: false"; if it ignores PORT, give it the port in its command';

/** What the verdict is for the life of the replica: undefined for one that is on its way. */
export function foundBy(verdict: Exclude<Verdict, { kind: 'ready' | 'unwell' }>): Found | undefined {
  if (verdict.kind === 'starting') return undefined;
  return {
    kind: 'silent',
    message: `nothing listens on ${nameOf(verdict.port)}`,
    hint: NO_PORT,
    passable: verdict.passable,
  };
}

const nameOf = ({ number, name }: PortFacts): string => `port ${number} (${name})`;
