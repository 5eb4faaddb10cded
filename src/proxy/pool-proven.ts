/**
 * Kinds of exchanges after which a target was silent, see `pool-rest.ts`. Looked up once for every request: no text is
 * put together for that, which would have to be read anew each time.
 */

/** A request and its answer, as far as a target may treat others differently. */
export interface Kind {
  readonly method: string;
  readonly status: number;
  /** Without the query. */
  readonly path: string;
}

/** Kinds that are remembered of one target: a page in development may ask for thousands of modules. */
const MAX_PROVEN = 8_192;

/** Characters of a method and a path that are remembered. */
const MAX_LENGTH = 256;

export class ProvenKinds {
  /** Paths by method by status. */
  readonly #paths = new Map<number, Map<string, Set<string>>>();
  #size = 0;

  /** Whether the target was silent after an exchange of this kind: the same, or one that differs in numbers alone. */
  has(kind: Kind): boolean {
    const { method, status, path } = kind;
    const paths = this.#paths.get(status)?.get(method);
    if (paths === undefined || isLong(kind)) return false;
    if (paths.has(path)) return true;
    if (!paths.has(withoutNumbers(path))) return false;
    this.#remember(kind, path);
    return true;
  }

  add(kind: Kind): void {
    if (isLong(kind)) return;
    this.#remember(kind, kind.path);
    this.#remember(kind, withoutNumbers(kind.path));
  }

  #remember({ method, status }: Kind, path: string): void {
    if (this.#size >= MAX_PROVEN) {
      // They are proven anew.
      this.#paths.clear();
      this.#size = 0;
    }
    const methods = this.#paths.get(status) ?? new Map<string, Set<string>>();
    this.#paths.set(status, methods);
    const paths = methods.get(method) ?? new Set();
    methods.set(copyOf(method), paths);
    if (paths.has(path)) return;
    paths.add(copyOf(path));
    this.#size += 1;
  }
}

const isLong = ({ method, path }: Kind): boolean => method.length + path.length > MAX_LENGTH;

const withoutNumbers = (path: string): string => path.replace(/[\da-f-]{16,}|\d+/gi, '#');

/** A part of a text keeps the whole of it in memory: here that would be the head that it was read from. */
const copyOf = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
