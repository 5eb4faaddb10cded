/**
 * Failures of the system, on order. A test file replaces a module by one whose functions may fail:
 *
 *     vi.mock('node:fs', async (original) => (await import('../faults.ts')).faulty(await original()));
 */
export interface Fault {
  /** The function, `open`; of an open file `open.sync`. */
  readonly name: string;
  /** Fails with this system error (`EIO`); without it the call goes on after `meanwhile`. */
  readonly code?: string;
  /** Calls before it that are spared. Default: 0. */
  readonly after?: number;
  /** How many calls it meets. Default: all. */
  readonly times?: number;
  /** Only calls whose first argument matches. */
  readonly path?: RegExp;
  /** What another process does just before the call: a pause point. */
  readonly meanwhile?: (...args: readonly unknown[]) => void;
}

interface Armed {
  readonly fault: Fault;
  seen: number;
}

let armed: Armed[] = [];
/** Names of the functions that were called, with their arguments, since the last `disarm`. */
export let calls: { readonly name: string; readonly args: readonly unknown[] }[] = [];

export function arm(...faults: readonly Fault[]): void {
  armed.push(...faults.map((fault) => ({ fault, seen: 0 })));
}

export function disarm(): void {
  armed = [];
  calls = [];
}

/** @throws the error that was ordered for this call */
function meet(name: string, args: readonly unknown[]): void {
  calls.push({ name, args });
  for (const one of armed) {
    const { fault } = one;
    if (fault.name !== name || (fault.path !== undefined && !fault.path.test(String(args[0])))) continue;
    one.seen += 1;
    const { after = 0, times = Infinity } = fault;
    if (one.seen <= after || one.seen > after + times) continue;
    fault.meanwhile?.(...args);
    if (fault.code === undefined) continue;
    throw Object.assign(new Error(`${fault.code}: ordered by the test, ${name}`), { code: fault.code });
  }
}

type Callable = (...args: readonly unknown[]) => unknown;

/** The module with functions that meet what is armed; what they return in a promise does too. */
export function faulty<Module extends object>(module: Module): Module {
  return Object.fromEntries(
    Object.entries(module).map(([name, value]: [string, unknown]) =>
      typeof value === 'function' && !isClass(name) ? [name, wrap(name, value as Callable)] : [name, value],
    ),
  ) as Module;
}

const isClass = (name: string): boolean => /^[A-Z]/.test(name);

function wrap(name: string, call: Callable): Callable {
  return (...args) => {
    if (!isAsync(call)) {
      meet(name, args);
      return call(...args);
    }
    return (async () => {
      meet(name, args);
      const result = await call(...args);
      return isOpenFile(result) ? wrapFile(name, result) : result;
    })();
  };
}

const isAsync = (call: Callable): boolean => call.constructor.name === 'AsyncFunction';

const isOpenFile = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && 'sync' in value && 'close' in value;

function wrapFile(name: string, file: object): object {
  return new Proxy(file, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const method = (value as Callable).bind(target);
      return async (...args: readonly unknown[]) => {
        // A descriptor is gone whatever close(2) says of it.
        const closed = key === 'close' ? await method(...args) : undefined;
        meet(`${name}.${String(key)}`, args);
        return key === 'close' ? closed : method(...args);
      };
    },
  });
}
