/** Asks where the checkouts are that have a claim on a project, each once. */
import { locateCheckout, type CheckoutPlace, type Whereabouts } from '../../lib/whereabouts.ts';
import type { Made } from '../../runtime/engine/leftovers.ts';
import { claimsOn, claimsOnWorkspace, judge, type Claims, type Records, type Verdict } from './belonging.ts';

export interface Inquiry {
  /** @param made Its containers. */
  ofProject(project: string, made: readonly Made[]): Promise<Verdict>;
  /** Those of the names in the engine that a checkout, which is not proven gone, has in common with others. */
  borrowedOf(names: readonly string[]): Promise<ReadonlySet<string>>;
}

export function createInquiry(
  records: Records,
  locate: (place: CheckoutPlace) => Promise<Whereabouts> = locateCheckout,
): Inquiry {
  const asked = new Map<string, Promise<Whereabouts>>();
  const whereIs = ({ root, git }: CheckoutPlace): Promise<Whereabouts> => {
    const key = JSON.stringify([root, git]);
    const answer = asked.get(key) ?? locate({ root, git });
    asked.set(key, answer);
    return answer;
  };
  const decide = async (claims: Claims): Promise<Verdict> =>
    judge(claims, await Promise.all(claims.places.map(whereIs)));
  return {
    ofProject: (project, made) => decide(claimsOn(project, made, records)),
    borrowedOf: async (names) => {
      const inUse = new Set<string>();
      for (const { origin } of records.overrides) {
        const found = origin?.borrowed.filter((name) => names.includes(name) && !inUse.has(name)) ?? [];
        if (origin === undefined || found.length === 0) continue;
        const verdict = await decide(claimsOnWorkspace(origin.workspaceId, records));
        if (verdict.kind !== 'gone') for (const name of found) inUse.add(name);
      }
      return inUse;
    },
  };
}
