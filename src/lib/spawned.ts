import type { ChildProcess } from 'node:child_process';

/**
 * Returns the child, unless the system had no descriptor for its pipes: then Node leaves the streams out, and tells
 * only later (`child_process` of Node, EMFILE and ENFILE).
 * @throws a system error EMFILE
 */
export function spawned<Child extends ChildProcess>(child: Child): Child {
  if (Object.hasOwn(child, 'stdio')) return child;
  // What is told later says the same.
  child.once('error', () => undefined);
  throw Object.assign(new Error(`no file descriptor is left to start ${child.spawnfile}`), {
    code: 'EMFILE',
  });
}
