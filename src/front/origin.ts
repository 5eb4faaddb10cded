/**
 * Keeps other sites' pages away from a stack: a page that somebody has open in another tab must not use, nor even
 * reach, a service on this machine. Pure.
 *
 * Whose page asks is told by `Origin`, or by `Referer` where there is none, never by `Sec-Fetch-Site` alone: for a
 * browser, `api.localhost` and `web.localhost` are different sites though they are one stack.
 */
import type { RequestHead } from '../proxy/engine/engine.ts';
import { isFormPost, isNavigation } from './gate.ts';
import { normaliseHost, type Match, type RouteTable } from './table.ts';

/** A page that may not ask; its origin as the browser told it, if it did. */
export interface ForeignPage {
  readonly origin: string | undefined;
}

/** @param port the front's */
export function findForeignPage(
  head: RequestHead,
  { stack, route }: Match,
  table: RouteTable,
  port: number,
): ForeignPage | undefined {
  // A link to the service may stand anywhere; what a browser opens in a tab, other pages cannot look into.
  if (route.browser === 'any' || isNavigation(head)) return undefined;
  const referer = head.field('referer') || undefined;
  const address = head.field('origin') ?? (referer && originOf(referer));
  if (address === undefined || address === 'null') {
    if (isUnnamedButOwn(head, address) || maySendForm(head, route, 'null')) return undefined;
    return { origin: address };
  }
  if (isOfHost(address, head.host)) return undefined;
  const page = readPage(address);
  if (page === undefined) return { origin: undefined };
  const isOwn = isOnFront(page, port, head)
    ? table.findHost(page.host)?.stack.key === stack.key
    : isOnPort(page, stack);
  const mayAsk = isOwn || route.browser?.includes(page.origin) === true;
  return mayAsk || maySendForm(head, route, page.origin) ? undefined : { origin: page.origin };
}

const maySendForm = (head: RequestHead, { formPosts }: Match['route'], origin: string): boolean =>
  formPosts !== undefined && isFormPost(head) && formPosts.includes(origin);

/** Its host names a stack. */
const isOnFront = (page: Page, port: number, head: RequestHead): page is Page & { readonly host: string } =>
  page.host !== undefined && page.isPlain && (page.port === String(port) || page.port === portOf(head.host));

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** It was opened at the port of a service itself, past the front. */
const isOnPort = ({ host, port, isHttp }: Page, { ports }: Match['stack']): boolean =>
  isHttp && host !== undefined && LOOPBACK.includes(host) && ports?.has(Number(port)) === true;

const SCHEME = 'http://';

/** The page is one of the very host that it asks, as most are: known without taking its address apart. */
const isOfHost = (origin: string, host: string): boolean =>
  origin.length === SCHEME.length + host.length && origin.startsWith(SCHEME) && origin.endsWith(host);

/** Cuts a `Referer` down to what an `Origin` says (RFC 6454 §7). */
function originOf(address: string): string {
  const authority = address.indexOf('://') + '://'.length;
  const path = address.indexOf('/', authority);
  return path === -1 ? address : address.slice(0, path);
}

/** Where a page is from. */
interface Page {
  readonly origin: string;
  readonly isPlain: boolean;
  readonly isHttp: boolean;
  readonly host: string | undefined;
  readonly port: string;
}

let last: { readonly origin: string; readonly page: Page | undefined } = { origin: '', page: undefined };

/** Remembers the last one: a page asks for many things. */
function readPage(origin: string): Page | undefined {
  if (origin !== last.origin) last = { origin, page: parsePage(origin) };
  return last.page;
}

/** Scheme, host and port, and nothing that a URL parser would make a path of (`\`), skip or cut off. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[\w.~!$&'()*+,;=%:[\]-]+$/i;

function parsePage(origin: string): Page | undefined {
  if (!ORIGIN.test(origin)) return undefined;
  try {
    const url = new URL(origin);
    return {
      origin: serialise(url),
      isPlain: url.protocol === 'http:',
      isHttp: url.protocol === 'http:' || url.protocol === 'https:',
      host: normaliseHost(url.host),
      port: url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port,
    };
  } catch {
    return undefined;
  }
}

/**
 * With `Referrer-Policy: no-referrer`, which common frameworks send, a page names itself neither in its requests nor
 * in its forms (`Origin: null`, Fetch §3.2). That it is the very origin that it asks, the browser says all the same,
 * and no other page can make it say so.
 */
function isUnnamedButOwn(head: RequestHead, origin: 'null' | undefined): boolean {
  const site = head.field('sec-fetch-site');
  return site === 'same-origin' || (origin === undefined && (site === 'none' || !isBrowser(head)));
}

/** `fetch` of Node and its like sends `Sec-Fetch-Mode` too, and none of the others. */
const isBrowser = (head: RequestHead): boolean =>
  head.field('sec-fetch-site') !== undefined || head.field('sec-fetch-dest') !== undefined;

/** The front may stand behind a redirect of another port, which the browser then has dialled. */
const portOf = (host: string): string => /:(\d+)$/.exec(host)?.[1] ?? '80';

/** The URL standard gives schemes that it does not know, such as those of browser extensions, no origin. */
const serialise = (url: URL): string => (url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin);
