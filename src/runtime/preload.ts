/** `NODE_OPTIONS` with one more module that is loaded before the program. Pure. */

/**
 * Puts a CommonJS module in front of what `NODE_OPTIONS` says already.
 *
 * In front, and every `--require` in its form with `=`: tools that take the variable apart and put it together for
 * their workers (Next.js does) join two values after a space to one path, and of two with `=` keep the last. So the
 * child's own module is loaded wherever it would be without this one.
 */
export function preload(module: string, options = ''): string {
  const own = options.replaceAll(/(?<=^|\s)(--require|-r)\s+(?=[^\s-])/g, '--require=');
  return [`--require=${quote(module)}`, own].filter((part) => part.trim() !== '').join(' ');
}

/**
 * A path as Node reads one in `NODE_OPTIONS`: only within double quotes a blank is part of it, and a backslash an
 * escape. Quotes only where they are needed, because most other readers of the variable know none.
 */
function quote(path: string): string {
  return /[\s"]/.test(path) ? `"${path.replaceAll(/["\\]/g, String.raw`\$&`)}"` : path;
}
