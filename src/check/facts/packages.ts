import type { Position } from '../../contract/diagnostic.ts';
import type { Source } from '../../contract/yaml.ts';
import { member, membersOf, placeOf, readJson, textOf } from './json.ts';

/** The scripts of a package.json, by name. */
export type PackageScripts = ReadonlyMap<string, { readonly text: string; readonly at: Position }>;

export interface PackageFacts {
  readonly name?: string | undefined;
  readonly scripts: PackageScripts;
  /** Whether the configuration of its dev server reads `PORT`. */
  readonly readsPort: boolean;
}

export function readPackage(source: Source, readsPort: boolean): PackageFacts {
  return { name: textOf(member(readJson(source), 'name')), scripts: readPackageScripts(source), readsPort };
}

export function readPackageScripts(source: Source): PackageScripts {
  const scripts = membersOf(member(readJson(source), 'scripts'));
  return new Map(
    scripts.flatMap(([name, node]) => {
      const text = textOf(node);
      return text === undefined ? [] : [[name, { text, at: placeOf(node, source.file) }] as const];
    }),
  );
}
