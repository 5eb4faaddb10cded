/** The packages on disk that the command of a service leads to. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { globSync } from 'tinyglobby';

import type { PackageScope } from '../plan/scripts.ts';

interface Package {
  readonly name?: string;
  readonly scripts: ReadonlyMap<string, string>;
}

/** Looks into package.json files only when it is asked, and each time anew: they are edited while a stack runs. */
export const openPackage = (dir: string): PackageScope => ({
  script: (name) => {
    const text = readPackage(dir).scripts.get(name);
    return text === undefined ? undefined : { text };
  },
  scriptNames: () => [...readPackage(dir).scripts.keys()],
  // Only what is said needs to know; flags do no harm beside it.
  readsPort: () => false,
  hasProxy: () => readJson(dir)['proxy'] !== undefined,
  others: () => [],
  at: (target) => {
    const folder = 'dir' in target ? resolve(dir, target.dir) : findByName(dir, target.name);
    return folder === undefined || !existsSync(join(folder, 'package.json'))
      ? undefined
      : openPackage(folder);
  },
});

/** A package of the workspace by its name, or by its path as npm allows it. */
function findByName(dir: string, name: string): string | undefined {
  const path = resolve(dir, name);
  if (existsSync(join(path, 'package.json'))) return path;
  const files = globSync('**/package.json', {
    cwd: workspaceRoot(dir),
    absolute: true,
    deep: 5,
    followSymbolicLinks: false,
    ignore: ['**/node_modules/**'],
  });
  return files.map((file) => dirname(file)).find((folder) => readPackage(folder).name === name);
}

/** The nearest folder upwards whose package.json or pnpm-workspace.yaml has workspaces, else the folder itself. */
function workspaceRoot(dir: string): string {
  for (let folder = dir; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'pnpm-workspace.yaml')) || 'workspaces' in readJson(folder)) return folder;
    if (dirname(folder) === folder) return dir;
  }
}

function readPackage(dir: string): Package {
  const json = readJson(dir);
  const scripts = Object.entries(json['scripts'] ?? {});
  const name = json['name'];
  return {
    ...(typeof name === 'string' ? { name } : {}),
    scripts: new Map(scripts.filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
  };
}

/** Empty where there is no package.json, or not one that npm could read either. */
function readJson(dir: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
    return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
