/** Which lines of the source a bundled program ran, from what V8 counted and the bundle's source map. Pure. */
import { decode } from '@jridgewell/sourcemap-codec';

/** What Node writes for a process into `NODE_V8_COVERAGE` (https://nodejs.org/api/cli.html#node_v8_coveragedir). */
export interface ProcessCoverage {
  readonly result: readonly ScriptCoverage[];
  readonly 'source-map-cache'?: Readonly<Record<string, CachedMap>>;
}

export interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

export interface CachedMap {
  readonly lineLengths: readonly number[];
  readonly data: { readonly sources: readonly string[]; readonly mappings: string } | null;
}

/** Lines of files of `src/` that ran at least once. */
export type Lines = Map<string, Set<number>>;

export function addBundleLines(lines: Lines, coverage: ProcessCoverage): void {
  for (const script of coverage.result) {
    const map = coverage['source-map-cache']?.[script.url];
    if (map?.data === undefined || map.data === null) continue;
    addScript(lines, script, map.lineLengths, map.data);
  }
}

function addScript(
  lines: Lines,
  script: ScriptCoverage,
  lengths: readonly number[],
  { sources, mappings }: NonNullable<CachedMap['data']>,
): void {
  const files = sources.map(sourceOf);
  if (files.every((file) => file === undefined)) return;
  const ran = paint(
    script,
    lengths.reduce((sum, length) => sum + length + 1, 0),
  );
  let offset = 0;
  for (const [index, segments] of decode(mappings).entries()) {
    for (const [column, source, line] of segments) {
      const file = source === undefined ? undefined : files[source];
      if (file === undefined || line === undefined || ran[offset + column] !== 1) continue;
      const known = lines.get(file) ?? new Set();
      lines.set(file, known.add(line + 1));
    }
    offset += (lengths[index] ?? 0) + 1;
  }
}

/**
 * The path from the root of the repository, which may be below another folder of that name; undefined for what is not its
 * source. Node makes an address of each.
 */
const sourceOf = (address: string): string | undefined =>
  address.includes('/node_modules/') ? undefined : /^.*\/(src\/.*\.ts)$/.exec(address)?.[1];

/** For each letter of the script whether it ran: the innermost range that holds it says so. */
function paint({ functions }: ScriptCoverage, length: number): Uint8Array {
  const ran = new Uint8Array(length);
  const ranges = functions
    .flatMap((one) => one.ranges)
    .toSorted((left, right) => left.startOffset - right.startOffset || right.endOffset - left.endOffset);
  for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return ran;
}
