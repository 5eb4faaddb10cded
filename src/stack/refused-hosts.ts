/** Names that a stack asks for and another one holds: nothing is taken over, and nobody is left to wonder. */
import type { DaemonResult } from '../protocol/messages.ts';

/** Returns what is new in an answer since the last one: a line for each stack that holds something. */
export function createRefusalTeller(): (answer: DaemonResult<'publish'>) => string[] {
  let told: Readonly<Record<string, string>> = {};
  return ({ refusedHosts, holders = {} }) => {
    const before = told;
    told = refusedHosts;
    const fresh = Object.keys(refusedHosts).filter((host) => before[host] !== refusedHosts[host]);
    const slugs = [...new Set(fresh.map((host) => refusedHosts[host] ?? ''))];
    return slugs.map((slug) => {
      const hosts = fresh.filter((host) => refusedHosts[host] === slug);
      return describeHolder(hosts, slug, holders[slug]);
    });
  };
}

function describeHolder(
  hosts: readonly string[],
  slug: string,
  holder: { readonly root: string; readonly running: boolean } | undefined,
): string {
  const what = `${hosts.join(', ')} ${hosts.length === 1 ? 'leads' : 'lead'} to the stack ${slug}`;
  if (holder === undefined) return `${what}, not here`;
  const { root, running } = holder;
  const how = running
    ? `"portramp why ${hosts[0]}" says more`
    : 'it does not run, and keeps its names until "portramp clean --all" or its checkout is gone';
  return `${what} in ${root}, not here: ${how}`;
}
