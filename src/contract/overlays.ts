import type { Diagnostic, Position } from './diagnostic.ts';
import { withoutKeys, type Mapping } from './tree.ts';
import { label } from './words.ts';

/** What a file says about one environment. */
export interface Overlay {
  readonly name: string;
  readonly at: Position;
  /** Absent for an environment that changes nothing. */
  readonly tree?: Mapping;
}

const KEY = 'environments';

/** Takes `environments` out of a file. */
export function readEnvironments(file: Mapping): {
  rest: Mapping;
  overlays: Overlay[];
  diagnostics: Diagnostic[];
} {
  const rest = withoutKeys(file, (key) => key === KEY);
  const entry = file.entries.get(KEY);
  const overlays: Overlay[] = [];
  const diagnostics: Diagnostic[] = [];
  const report = (at: Position, message: string, hint: string): void => {
    diagnostics.push({ code: 'PR001', severity: 'error', message, hint, ...at });
  };
  if (entry === undefined) return { rest, overlays, diagnostics };
  if (entry.value.kind !== 'map') {
    report(
      entry.at,
      'environments: this must be a map',
      'write the name of an environment, and what it changes below',
    );
    return { rest, overlays, diagnostics };
  }
  for (const [name, { at, value }] of entry.value.entries) {
    if (!label.safeParse(name).success) {
      const hint = 'use at most 63 lower-case letters, digits and hyphens';
      report(at, `"${name}" cannot be the name of an environment`, hint);
    } else if (value.kind === 'map') {
      overlays.push({ name, at, tree: value });
    } else if (value.kind === 'scalar' && value.value === null) {
      overlays.push({ name, at });
    } else {
      report(at, `${KEY}.${name}: this must be a map`, 'write the fields that this environment changes');
    }
  }
  return { rest, overlays, diagnostics };
}
