/**
 * Checks what a client of the control socket says before it is believed: what becomes a key of the ledger, a host
 * name, or bytes on somebody's wire. Pure.
 */
import { isAbsolute, normalize, sep } from 'node:path';

import { PortrampError } from '../lib/errors.ts';
import type { PublishedRoute, StackClaim } from '../protocol/messages.ts';

/** The part of a route that is written into requests and responses. */
export type WrittenRoute = Pick<PublishedRoute, 'host'> &
  Partial<Pick<PublishedRoute, 'path' | 'rewrite' | 'canonical' | 'hostHeader' | 'route'>>;

/** A path without a query (RFC 3986 §3.3): visible ASCII, so nothing that ends a line or a request target. */
const PATH = /^\/[\x21-\x22\x24-\x3e\x40-\x7e]*$/;

/** A host, or an address, with or without a port (RFC 3986 §3.2.2). */
const AUTHORITY = /^(?:[\w.-]{1,253}|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** The far end of a socket: a name or an address without brackets. */
const TARGET_HOST = /^[\w.:-]{1,253}$/;

/**
 * Checks what the routes of a snapshot would write.
 * @throws PortrampError BAD_MESSAGE for text that is no path or no host, and for two routes with one host and one path.
 */
export function checkRoutes(routes: readonly WrittenRoute[]): void {
  const seen = new Set<string>();
  for (const { host, path = '/', rewrite, canonical, hostHeader, route } of routes) {
    demand(PATH, 'path', path);
    demand(PATH, 'path', rewrite);
    demand(AUTHORITY, 'host', canonical);
    demand(AUTHORITY, 'host', hostHeader);
    const targets = route?.state === 'live' ? route.targets : [];
    for (const target of targets) demand(TARGET_HOST, 'host', target.host);
    const address = path === '/' ? host : host + path;
    if (seen.has(address)) throw new PortrampError('BAD_MESSAGE', `two routes claim ${address}`);
    seen.add(address);
  }
}

function demand(pattern: RegExp, what: string, text: string | undefined): void {
  if (text === undefined || pattern.test(text)) return;
  throw new PortrampError('BAD_MESSAGE', `${quote(text)} is not a ${what}`);
}

/** A claim as long as a path may be; nobody has to read more of it. */
const MAX_PATH = 4_096;

/** An environment is part of keys and of names. */
const ENVIRONMENT = /^[A-Za-z0-9][\w.-]{0,62}$/;

/**
 * Checks the keys that a stack claims. A root that is no absolute path could be the key of what a whole workspace
 * holds, and the id of a workspace that is one could be another stack's.
 * @throws PortrampError BAD_MESSAGE
 */
export function checkClaim({ root, environment, workspaceId }: StackClaim): void {
  const refuse = (what: string, text: string): never => {
    throw new PortrampError('BAD_MESSAGE', `${quote(text)} cannot be ${what}`);
  };
  const isPath = isAbsolute(root) && !root.includes('\0') && root.length <= MAX_PATH;
  const isNormal = normalize(root) === root && (!root.endsWith(sep) || normalize(`${root}..`) === root);
  if (!isPath || !isNormal) refuse('the root of a stack: it is not an absolute path', root);
  if (!ENVIRONMENT.test(environment)) refuse('an environment', environment);
  const isId = workspaceId !== '' && !isAbsolute(workspaceId) && !workspaceId.includes('\0');
  if (!isId || workspaceId.length > MAX_PATH) refuse('the id of a workspace', workspaceId);
}

/** The beginning of a text as it can be shown. */
const quote = (text: string): string => JSON.stringify(text.slice(0, 80));
