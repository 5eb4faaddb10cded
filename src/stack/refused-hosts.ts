/** Names that a stack asks for and another one holds, or lends while it rests. */
import type { DaemonResult } from '../protocol/messages.ts';

type Answer = DaemonResult<'publish'>;

/** Returns what is new in an answer since the last one: a line for each stack that holds or lends something. */
export function createRefusalTeller(): (answer: Answer) => string[] {
  let told: Readonly<Record<string, string>> = {};
  return ({ refusedHosts, borrowedHosts = {}, holders = {} }) => {
    const before = told;
    told = refusedHosts;
    // That two running stacks both have a service `web` is no news: each has its long names.
    const fresh = Object.keys(refusedHosts).filter(
      (host) =>
        before[host] !== refusedHosts[host] &&
        !(isShort(host) && holders[refusedHosts[host] ?? '']?.running === true),
    );
    return [
      ...bySlug(fresh, refusedHosts, (hosts, slug) => describeHolder(hosts, slug, holders[slug])),
      ...bySlug(Object.keys(borrowedHosts), borrowedHosts, (hosts, slug) =>
        describeLender(hosts, slug, holders[slug]),
      ),
    ];
  };
}

/** As the daemon has it: a name made from that of a service alone. */
const isShort = (host: string): boolean => /^[^.*]+\.localhost$/.test(host);

function bySlug(
  hosts: readonly string[],
  slugOf: Readonly<Record<string, string>>,
  describe: (hosts: readonly string[], slug: string) => string,
): string[] {
  const slugs = [...new Set(hosts.map((host) => slugOf[host] ?? ''))];
  return slugs.map((slug) =>
    describe(
      hosts.filter((host) => slugOf[host] === slug),
      slug,
    ),
  );
}

type Holder = NonNullable<Answer['holders']>[string];

const verb = (hosts: readonly string[]): string =>
  `${hosts.join(', ')} ${hosts.length === 1 ? 'leads' : 'lead'}`;

function describeHolder(hosts: readonly string[], slug: string, holder: Holder | undefined): string {
  const what = `${verb(hosts)} to the stack ${slug}`;
  if (holder === undefined) return `${what}, not here`;
  const { root, running } = holder;
  const how = running
    ? `"portramp why ${hosts[0]}" says more`
    : `it does not run, and keeps its names until "portramp clean ${slug}" or its checkout is gone`;
  return `${what} in ${root}, not here: ${how}`;
}

function describeLender(hosts: readonly string[], slug: string, lender: Holder | undefined): string {
  const where = lender === undefined ? '' : ` in ${lender.root}`;
  return `${verb(hosts)} here now: the stack ${slug}${where}, which had it, does not run`;
}
