/** What of the source ran, as a table of its rooms. Pure. */
import type { Lines } from './bundle-lines.ts';

/** What the coverage of unit tests says of a file (istanbul's format). */
export interface UnitCoverage {
  readonly path: string;
  readonly statementMap: Readonly<Record<string, { readonly start: { readonly line: number } }>>;
  readonly s: Readonly<Record<string, number>>;
}

/** A statement is where it begins. */
export interface FileReport {
  readonly file: string;
  readonly statements: number;
  readonly unit: number;
  readonly bundle: number;
  readonly either: number;
  /** Lines with statements that nothing ran. */
  readonly missing: readonly number[];
}

export function reportFile(file: string, unit: UnitCoverage, bundle: ReadonlySet<number>): FileReport {
  const found = Object.entries(unit.statementMap).map(([id, { start }]) => ({
    line: start.line,
    unit: (unit.s[id] ?? 0) > 0,
    bundle: bundle.has(start.line),
  }));
  const count = (is: (one: (typeof found)[number]) => boolean): number => found.filter(is).length;
  const missing = found.filter((one) => !one.unit && !one.bundle).map(({ line }) => line);
  return {
    file,
    statements: found.length,
    unit: count((one) => one.unit),
    bundle: count((one) => one.bundle),
    either: count((one) => one.unit || one.bundle),
    missing: [...new Set(missing)].toSorted((left, right) => left - right),
  };
}

/** Reports every file of `src/`: those that no unit test loads are in `units` as well. */
export const reportAll = (units: readonly UnitCoverage[], bundle: Lines): FileReport[] =>
  units
    .map((unit) => {
      const file = unit.path.slice(unit.path.lastIndexOf('/src/') + 1);
      return reportFile(file, unit, bundle.get(file) ?? new Set());
    })
    .toSorted((left, right) => left.file.localeCompare(right.file));

/** Renders a row for each room, the sum, and the lines that nothing runs. */
export function render(files: readonly FileReport[]): string {
  const rooms = [...new Set(files.map(roomOf))];
  const rows = rooms.map((room) =>
    row(
      room,
      files.filter((file) => roomOf(file) === room),
    ),
  );
  const missing = files.filter((file) => file.missing.length > 0);
  return [
    row('share of statements run by', [], ['unit', 'programs', 'either']),
    ...rows,
    row('all', files),
    '',
    'nothing runs',
    ...missing.map(({ file, missing: lines }) => `  ${file}: ${ranges(lines)}`),
  ].join('\n');
}

const roomOf = ({ file }: FileReport): string => file.split('/').slice(0, -1).join('/');

function row(name: string, files: readonly FileReport[], words?: readonly string[]): string {
  const sum = (key: 'statements' | 'unit' | 'bundle' | 'either'): number =>
    files.reduce((total, file) => total + file[key], 0);
  const share = (key: 'unit' | 'bundle' | 'either'): string =>
    sum('statements') === 0 ? '–' : `${Math.round((sum(key) / sum('statements')) * 100)} %`;
  const cells = words ?? [share('unit'), share('bundle'), share('either')];
  return [name.padEnd(36), ...cells.map((cell) => cell.padStart(10))].join('');
}

/** `1-3, 7`. */
export function ranges(lines: readonly number[]): string {
  const found: [number, number][] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && line === last[1] + 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
}
