/** Ports that are written into files where the contract could tell them. */
import type { Position } from '../../contract/diagnostic.ts';
import type { Source } from '../../contract/yaml.ts';
import { withoutComments } from './comments.ts';

export interface Literal {
  readonly port: number;
  /** As written: `localhost:3001`, `PORT=3001`. */
  readonly text: string;
  /** Relative to the root. */
  readonly path: string;
  readonly at: Position;
}

/** What the contract governs. */
export interface Governed {
  /** Static ports, reservations, external addresses on this machine. */
  readonly numbers: ReadonlySet<number>;
  /** Variables in which portramp tells a port. */
  readonly variables: ReadonlySet<string>;
}

/** Prose, generated and foreign files. */
const SKIPPED_NAME =
  /\.(?:md|mdx|markdown|txt|rst|adoc|org|tex|log|csv|tsv|svg|snap|map|lock|ipynb|patch|diff)$|\.min\.\w+$|(?:^|[-.])lock\.(?:json|ya?ml)$|^(?:go\.sum|bun\.lockb|npm-shrinkwrap\.json)$|^(?:LICEN[CS]E|NOTICE|CHANGELOG|CHANGES|README|CONTRIBUTING|AUTHORS|HISTORY)(?:\..*)?$|^portramp(?:\.local)?\.(?:ya?ml|json)$/i;
const SKIPPED_FOLDER = /(?:^|\/)(?:node_modules|vendor|third_party|\.yarn|dist|coverage|__snapshots__)\//;
const BINARY =
  /\.(?:png|jpe?g|gif|webp|avif|ico|bmp|pdf|zip|gz|tgz|bz2|xz|zst|7z|jar|wasm|woff2?|ttf|otf|eot|mp[34]|mov|webm|ogg|wav|exe|dll|so|dylib|a|o|bin|db|sqlite3?|parquet|pyc|class|psd|sketch|fig)$/i;

/** Whether a tracked file may hold code or settings that name a port. */
export function isScanned(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return !SKIPPED_NAME.test(name) && !BINARY.test(name) && !SKIPPED_FOLDER.test(path);
}

/** A longer line was written by a program. */
const MAX_LINE = 2000;

/** What an address of this machine begins with; plain text is found faster than a pattern. */
const HOSTS = ['localhost:', '127.0.0.1:', '0.0.0.0:', '[::]:', '[::1]:'];

const ADDRESS = /(?:\blocalhost|\b127\.0\.0\.1|\b0\.0\.0\.0|\[::1?\]):(\d{2,5})(?!\d|\.\d|\}?:\d)/g;

/** A number after what says "port": `port: 1`, `PORT || 1`, `${PORT:-1}`, `--port 1`, `.listen(1`, `-p 1`. */
const NUMBER =
  /(?:port["'`)\]}]{0,3}\s{0,3}(?:\?\?|\|\||:-|[:=,(]|\s)\s{0,3}["'`]?|\.listen\(\s*|(?<=\s)-p[ =]?)(\d{2,5})(?!\w|\.\d)/gi;

const VARIABLE = /^[ \t]*(?:export[ \t]+|ENV[ \t]+)?(\w+)[= ][ \t]*["']?(\d{2,5})["']?[ \t]*(?=$|\s)/gm;

/** Files in which a line is an assignment. */
const HAS_VARIABLES = /(?:^|\/)(?:\.env[^/]*|[^/]*\.env|Dockerfile[^/]*|[^/]*\.(?:ba|z)?sh)$/;

/** Looks through one file; `path` is relative to the root, `source.file` is what positions say. */
export type Search = (path: string, source: Source) => Literal[];

/** Most files hold nothing: one look at the whole text decides, before the work of understanding it. */
export function searchFor(governed: Governed): Search {
  const numbers =
    governed.numbers.size === 0 ? undefined : new RegExp(`\\b(?:${[...governed.numbers].join('|')})\\b`);
  return (path, source) => {
    const wanted = {
      address: HOSTS.some((host) => source.text.includes(host)),
      number: numbers?.test(source.text) === true,
      variable: governed.variables.size > 0 && HAS_VARIABLES.test(path),
    };
    const isCandidate = wanted.address || wanted.number || wanted.variable;
    return isCandidate ? findLiterals(path, source, governed, wanted) : [];
  };
}

const IS_COMPOSE = /(?:^|\/)[^/]*compose[^/]*\.ya?ml$/;

/** A healthcheck is run inside of its container, whose localhost is not this machine. Keeps positions. */
const withoutHealthchecks = (path: string, text: string): string =>
  IS_COMPOSE.test(path)
    ? text.replaceAll(/^([ \t]*)healthcheck:.*(?:\n(?:\1[ \t].*|[ \t]*(?=\n)))*/gm, (block) =>
        block.replaceAll(/[^\n]/g, ' '),
      )
    : text;

function findLiterals(
  path: string,
  { file, text }: Source,
  governed: Governed,
  wanted: Readonly<Record<'address' | 'number' | 'variable', boolean>>,
): Literal[] {
  const code = withoutHealthchecks(path, withoutComments(path, text));
  const matches: { readonly index: number; readonly port: number; readonly text: string }[] = [];
  const add = (match: RegExpExecArray, digits: string | undefined): void => {
    const port = Number(digits);
    if (port < 1 || port > 65_535 || port === 80 || port === 443) return;
    matches.push({
      index: match.index + (match[0].length - match[0].trimStart().length),
      port,
      text: match[0].trim(),
    });
  };
  for (const match of wanted.address ? code.matchAll(ADDRESS) : []) add(match, match[1]);
  for (const match of wanted.number ? code.matchAll(NUMBER) : []) {
    if (governed.numbers.has(Number(match[1]))) add(match, match[1]);
  }
  for (const match of wanted.variable ? code.matchAll(VARIABLE) : []) {
    if (governed.variables.has(match[1] ?? '')) add(match, match[2]);
  }
  return placeMatches(matches, { file, text }, path);
}

function placeMatches(
  matches: readonly { readonly index: number; readonly port: number; readonly text: string }[],
  { file, text }: Source,
  path: string,
): Literal[] {
  const seen = new Set<string>();
  return matches
    .toSorted((a, b) => a.index - b.index)
    .flatMap(({ index, port, text: written }) => {
      const start = text.lastIndexOf('\n', index - 1) + 1;
      const end = text.indexOf('\n', index);
      if ((end === -1 ? text.length : end) - start > MAX_LINE) return [];
      const line = text.slice(0, start).split('\n').length;
      // One place may look like an address and like a number.
      const key = `${line} ${port}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return [{ port, text: written, path, at: { file, line, column: index - start + 1 } }];
    });
}
