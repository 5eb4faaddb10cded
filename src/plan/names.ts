/**
 * Slugs and host names. A slug is one DNS label (RFC 1035 §2.3.4: at most 63 characters) that names a stack:
 * the workspace for the main checkout, `workspace-branch` for a worktree, plus `-environment` unless that is
 * the default one. Only the daemon knows which slugs are taken, so it gets candidates to choose from.
 */
import { DEFAULT_ENVIRONMENT } from '../contract/contract.ts';
import { sha256 } from '../lib/hash.ts';

export { DEFAULT_ENVIRONMENT } from '../contract/contract.ts';

/** Longest DNS label. */
export const MAX_LABEL = 63;

/** Longest identifier of a stack: leaves room for a prefix in the 63 bytes of a PostgreSQL name. */
const MAX_IDENT = 40;

const SHORT_HASH = 6;

/** What decides how a stack is called. */
export interface NameClaim {
  readonly workspace: string;
  /** Real path of the checkout's folder with the contract. */
  readonly root: string;
  readonly main: boolean;
  /** Absent where HEAD is detached. */
  readonly branch?: string | undefined;
  readonly environment: string;
}

/**
 * Slugs for the claim, the preferred one first; the others carry a hash of the checkout's path and of the
 * environment, so that they are the same at every call and nobody else's. All are distinct DNS labels.
 */
export function slugCandidates(claim: NameClaim): string[] {
  const preferred = preferredName(claim);
  const own = sha256(`${claim.root}\0${claim.environment}`);
  return [
    fitLabel(preferred),
    ...[SHORT_HASH, 12, 24].map((length) => withHash(preferred, own.slice(0, length))),
  ];
}

/** The slug as an identifier: `[a-z0-9_]`, at most 40 characters, and unique because slugs hold no `_`. */
export function identOf(slug: string): string {
  const ident = slug.replaceAll('-', '_');
  if (ident.length <= MAX_IDENT) return ident;
  const hash = sha256(slug).slice(0, 8);
  return `${ident.slice(0, MAX_IDENT - hash.length - 1).replace(/_+$/, '')}_${hash}`;
}

/** The name under which a port is always reachable: `api.shop.localhost`. */
export const longHost = (label: string, slug: string): string => `${label}.${slug}.localhost`;

/** `*.api` lies below the stack, a whole domain stands for itself. */
export const extraHost = (host: string, slug: string): string =>
  /^\*\.[^.]+$/.test(host) ? longHost(host, slug) : host;

/** The name that a main checkout asks for on top: `api.localhost`. */
export const shortHost = (label: string): string => `${label}.localhost`;

function preferredName(claim: NameClaim): string {
  const parts = [claim.workspace.toLowerCase()];
  // A branch never gets the main checkout's name: what comes after the workspace is never empty.
  if (!claim.main) parts.push(readableBranch(claim.branch) ?? sha256(claim.root).slice(0, SHORT_HASH));
  if (claim.environment !== DEFAULT_ENVIRONMENT) parts.push(claim.environment.toLowerCase());
  return parts.join('-');
}

/** The whole branch name in the letters of a DNS label, or undefined when nothing readable is left. */
function readableBranch(branch: string | undefined): string | undefined {
  const text = (branch ?? '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return text === '' ? undefined : text;
}

/** Cut where it is too long for a label; then a hash of the whole keeps two long names apart. */
function fitLabel(name: string): string {
  return name.length <= MAX_LABEL ? name : withHash(name, sha256(name).slice(0, SHORT_HASH));
}

function withHash(name: string, hash: string): string {
  return `${name.slice(0, MAX_LABEL - hash.length - 1).replace(/-+$/, '')}-${hash}`;
}
