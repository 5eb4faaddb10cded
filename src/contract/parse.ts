/**
 * Contract and overlays → one contract for one environment, or everything that is wrong with them. The order,
 * weakest first: the contract, its overlay for the environment, the personal file, that one's overlay.
 */
import { suggest } from '../lib/suggest.ts';
import { buildContract } from './build.ts';
import { DEFAULT_ENVIRONMENT, type Contract } from './contract.ts';
import { hasErrors, sortDiagnostics, type Diagnostic, type Position } from './diagnostic.ts';
import { mergeTrees } from './merge.ts';
import { readEnvironments, type Overlay } from './overlays.ts';
import type { Mapping, Tree } from './tree.ts';
import { validate } from './validate.ts';
import { readYaml, type Source } from './yaml.ts';

export type { Source } from './yaml.ts';

export interface ParsedContract {
  /** Absent when there are errors. */
  readonly contract?: Contract;
  /** What could be understood in spite of errors, good enough to look for more of them. */
  readonly partial?: Contract;
  /** Every environment that was named, `dev` included. */
  readonly environments: readonly string[];
  /** By place, without repetitions. */
  readonly diagnostics: Diagnostic[];
}

/** The first source is the contract, the others are overlays of it. Pure; never throws for bad input. */
export function parseContract(sources: readonly Source[], environment: string): ParsedContract {
  const diagnostics: Diagnostic[] = [];
  const layers: Mapping[] = [];
  const overlays: Overlay[] = [];
  sources.forEach((source, index) => {
    const { tree, diagnostics: found } = readYaml(source);
    diagnostics.push(...found);
    if (tree === undefined && (index > 0 || found.length > 0)) return;
    if (tree?.kind !== 'map') {
      diagnostics.push(describeNonMap(tree, source.file));
      return;
    }
    const read = readEnvironments(tree);
    diagnostics.push(...read.diagnostics);
    overlays.push(...read.overlays);
    const chosen = read.overlays.find((overlay) => overlay.name === environment)?.tree;
    layers.push(read.rest, ...(chosen === undefined ? [] : [chosen]));
  });
  const environments = [...new Set([DEFAULT_ENVIRONMENT, ...overlays.map((overlay) => overlay.name)])];
  const [base, ...rest] = layers;
  const finish = (found: Partial<ParsedContract> = {}): ParsedContract => ({
    ...found,
    environments,
    diagnostics: sortDiagnostics(diagnostics),
  });
  if (base === undefined || base.at.file !== sources[0]?.file) return finish();
  if (!environments.includes(environment)) {
    diagnostics.push(describeUnknownEnvironment(environment, environments, overlays[0]?.at ?? base.at));
  }
  const tree = rest.reduce((below, above) => mergeTrees(below, above), base);
  const result = validate(tree, environments);
  diagnostics.push(...result.diagnostics);
  if (result.fields === undefined) return finish();
  const contract = buildContract(result.fields, result.tree, { name: environment, all: environments });
  return finish(hasErrors(diagnostics) ? { partial: contract } : { contract });
}

const SMALLEST = 'the smallest one is "version: 1", "workspace: NAME" and "services:" with one service';

function describeNonMap(tree: Tree | undefined, file: string): Diagnostic {
  const at: Position = tree?.at ?? { file, line: 1, column: 1 };
  const isEmpty = tree === undefined || (tree.kind === 'scalar' && tree.value === null);
  const kind = tree?.kind === 'list' ? 'a list' : 'plain text';
  const message = isEmpty ? 'the contract is empty' : `a contract is a map, and this is ${kind}`;
  return { code: 'PR001', severity: 'error', message, hint: SMALLEST, ...at };
}

function describeUnknownEnvironment(name: string, known: readonly string[], at: Position): Diagnostic {
  const nearest = suggest(name, known);
  const hint =
    nearest === undefined ? `the environments are: ${known.join(', ')}` : `did you mean "${nearest}"?`;
  return { code: 'PR001', severity: 'error', message: `there is no environment "${name}"`, hint, ...at };
}
