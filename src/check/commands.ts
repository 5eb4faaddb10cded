/** What a service really runs: its command, and the scripts of package.json files that the command leads to. */
import { posix } from 'node:path';

import type { ProcessService } from '../contract/contract.ts';
import type { Position } from '../contract/diagnostic.ts';
import type { Path } from '../contract/tree.ts';
import { programsOf, type PackageScope } from '../plan/scripts.ts';
import type { Facts } from './facts/facts.ts';

/** One program with its arguments. */
export interface Command {
  /** Assignments before the program included: `PORT=3000 node x.js`. */
  readonly words: readonly string[];
  readonly at: Path | Position;
  /** What runs it beside others, such as `concurrently`. */
  readonly beside?: string | undefined;
}

export function commandsOf(
  service: Pick<ProcessService, 'name' | 'dir' | 'command'>,
  facts: Pick<Facts, 'packages'>,
): Command[] {
  const own = ['services', service.name, 'command'];
  return programsOf(service.command, scopeOf(facts, service.dir)).map(({ words, at, beside }) => ({
    words,
    at: at ?? own,
    beside,
  }));
}

/** The package in a folder, among those that are known. */
export const scopeOf = ({ packages }: Pick<Facts, 'packages'>, dir: string): PackageScope => ({
  script: (name) => packages.get(dir)?.scripts.get(name),
  scriptNames: () => [...(packages.get(dir)?.scripts.keys() ?? [])],
  readsPort: () => packages.get(dir)?.readsPort === true,
  // Only who starts a service needs to know.
  hasProxy: () => false,
  others: () =>
    [...packages.keys()].filter((each) => each !== dir).map((each) => scopeOf({ packages }, each)),
  at: (target) => {
    const byName =
      'name' in target ? [...packages].find(([, one]) => one.name === target.name)?.[0] : undefined;
    const path = posix.normalize(posix.join(dir, 'name' in target ? target.name : target.dir));
    const found = byName ?? path;
    return packages.has(found) ? scopeOf({ packages }, found) : undefined;
  },
});
