/** The path that a target sees. Pure. */

/**
 * @param path a request target that lies below `prefix`
 * @param prefix as the route has it: `/api`
 * @param replacement what stands in its place: `/` takes it away
 */
export function rewritePath(path: string, prefix: string, replacement: string): string {
  // `OPTIONS *` is about the server and no path of it (RFC 9112 §3.2.4).
  if (path === '*') return path;
  const rest = prefix === '/' ? path : path.slice(prefix.length);
  const joined = replacement === '/' ? rest : replacement + rest;
  // `//x` would be read as a host by whoever makes a URL of it.
  return joined.startsWith('/') ? joined.replace(/^\/{2,}/, '/') : `/${joined}`;
}
