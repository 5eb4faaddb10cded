/** Who may pass: what a request's Host says, whether it runs in circles, and whether it is a browser's navigation. Pure. */
import type { RequestHead } from '../proxy/engine/engine.ts';
import { normaliseHost, type Match, type RouteTable } from './table.ts';

export type Verdict =
  | { readonly verdict: 'served'; readonly host: string; readonly match: Match }
  /** The host is there, and none of its routes has the path. */
  | { readonly verdict: 'pathless'; readonly host: string; readonly match: Match }
  /** Known from before the daemon's restart; its runner has not come back yet. */
  | { readonly verdict: 'expected'; readonly host: string }
  /** A name below `.localhost` that nobody has. */
  | { readonly verdict: 'unknown'; readonly host: string }
  /** Another domain, or an address: a page that rebinds its own name must learn nothing. */
  | { readonly verdict: 'foreign'; readonly host: string }
  | { readonly verdict: 'malformed' }
  | { readonly verdict: 'loop'; readonly host: string; readonly match: Match };

/** An honest chain (a dev server whose proxy leads to another host of the front) is shorter. */
const MAX_PASSES = 5;

/** How the front names itself in `Via` (RFC 9110 §7.6.3). */
export const PSEUDONYM = 'portramp';

export function judge(head: RequestHead, table: RouteTable, expected: ReadonlySet<string>): Verdict {
  const host = normaliseHost(head.host);
  if (host === undefined) return { verdict: 'malformed' };
  const match = table.find(host, head.path);
  if (match !== undefined)
    return { verdict: countPasses(head) < MAX_PASSES ? 'served' : 'loop', host, match };
  const first = table.findHost(host);
  if (first !== undefined) return { verdict: 'pathless', host, match: first };
  if (expected.has(host)) return { verdict: 'expected', host };
  return /(^|\.)localhost$/.test(host) ? { verdict: 'unknown', host } : { verdict: 'foreign', host };
}

/** How often the request has come through a front already. */
function countPasses(head: RequestHead): number {
  const via = head.field('via');
  if (via === undefined) return 0;
  return via.split(',').filter((hop) => hop.trim().split(/\s+/)[1]?.toLowerCase() === PSEUDONYM).length;
}

/**
 * A browser opens this address itself: in a tab, not in a frame and not as a part of a page. To hosts that are neither
 * localhost nor HTTPS, browsers do not say so (Fetch Metadata §2); there, `Upgrade-Insecure-Requests` tells tabs and
 * frames from the rest, and no page can set it on what it asks of another site unasked.
 */
export function isNavigation(head: RequestHead): boolean {
  // No tab is opened by a handshake, whatever else it says.
  return (head.method === 'GET' || head.method === 'HEAD') && !head.upgrade && opensTab(head);
}

/** A form was sent with POST, and its answer is what the tab shows next. */
export const isFormPost = (head: RequestHead): boolean =>
  head.method === 'POST' &&
  !head.upgrade &&
  opensTab(head) &&
  // All that a form can send (HTML §4.10.21.3).
  /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i.test(
    head.field('content-type') ?? '',
  );

function opensTab(head: RequestHead): boolean {
  const mode = head.field('sec-fetch-mode');
  return mode === undefined
    ? head.field('upgrade-insecure-requests') === '1'
    : mode === 'navigate' && head.field('sec-fetch-dest') === 'document';
}

/** Somebody will look at the answer. Browsers that send no `Sec-Fetch-Mode` are known by what they accept. */
export function wantsPage(head: RequestHead): boolean {
  const mode = head.field('sec-fetch-mode') ?? '';
  return /\btext\/html\b/i.test(head.field('accept') ?? '') && (mode === '' || mode === 'navigate');
}
