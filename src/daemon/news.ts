/** The findings about instances that are news to their runners: each is told once, and some not at once. */
import type { Clock } from '../lib/clock.ts';
import type { Finding } from '../ports/findings.ts';
import { keepKnown, type Instance } from './instances.ts';

/** Remembers which findings have been told already, and which are too fresh to be told. */
export interface News {
  readonly hasPending: boolean;
  take(findings: readonly Finding[], instances: readonly Instance[]): Finding[];
  keepOnly(instances: readonly Instance[]): void;
}

/**
 * An instance that opened other ports than its own has this long to open that as well: a debugger, or a socket for
 * hot reload, may come first. Milliseconds; less where the contract expects it.
 */
const PATIENCE = 5_000;
const PATIENCE_TO_FOLLOW = 1_000;

function patienceFor(finding: Finding, instances: readonly Instance[]): number {
  if (finding.kind !== 'elsewhere') return 0;
  const instance = instances.find(({ marker }) => marker === finding.marker);
  return instance?.followed.has(finding.port) === true ? PATIENCE_TO_FOLLOW : PATIENCE;
}

export function createNews(clock: Clock): News {
  /** The time at which a finding was first seen, or that it was told; by marker, then by what was found. */
  const known = new Map<string, Map<string, number | 'told'>>();
  return {
    get hasPending() {
      return [...known.values()].some((seen) => [...seen.values()].some((since) => since !== 'told'));
    },
    take: (findings, instances) => {
      const present = new Set(findings.map(nameOf));
      for (const seen of known.values()) {
        for (const [name, since] of seen) if (since !== 'told' && !present.has(name)) seen.delete(name);
      }
      return findings.filter((finding) => {
        const seen = known.get(finding.marker) ?? new Map<string, number | 'told'>();
        known.set(finding.marker, seen);
        const since = seen.get(nameOf(finding)) ?? clock.now();
        const isDue = since !== 'told' && clock.now() - since >= patienceFor(finding, instances);
        seen.set(nameOf(finding), isDue ? 'told' : since);
        return isDue;
      });
    },
    keepOnly: (instances) => keepKnown(instances, known),
  };
}

const nameOf = (finding: Finding): string =>
  [
    finding.marker,
    finding.kind,
    finding.number,
    ...(finding.kind === 'elsewhere' ? finding.opened.map(({ number }) => number) : []),
  ].join(' ');
