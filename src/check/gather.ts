/** Reads what `check` wants to know of a workspace. What cannot be read is left out. */
import { lstatSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

import { glob } from 'tinyglobby';

import type { Contract } from '../contract/contract.ts';
import type { Source } from '../contract/yaml.ts';
import { injectionsOf } from '../plan/told.ts';
import { claimsOf } from '../plan/rules/statics.ts';
import { planStack } from '../plan/plan-stack.ts';
import { imagineStack } from './imagine.ts';
import { readComposeFile, type ComposeFile } from './facts/compose-file.ts';
import { readDevcontainer } from './facts/devcontainer.ts';
import { readDockerfile } from './facts/dockerfile.ts';
import { NO_FACTS, type Facts } from './facts/facts.ts';
import { isScanned, searchFor, type Governed, type Literal, type Search } from './facts/literals.ts';
import { readPackage, type PackageFacts } from './facts/packages.ts';
import { readTurboConfig } from './facts/turbo.ts';
import { listTracked } from './tracked.ts';

/** Limits of the search for literals. Bytes, where they are not files. */
const MAX_FILES = 20_000;
const MAX_SIZE = 256 * 1024;
const MAX_TOTAL = 128 * 1024 * 1024;

/** In the order in which Compose looks for them; the override is read as well. */
export const COMPOSE_FILES = [
  ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'],
  [
    'compose.override.yaml',
    'compose.override.yml',
    'docker-compose.override.yml',
    'docker-compose.override.yaml',
  ],
];
const DEVCONTAINER = /^(?:\.devcontainer\.json|\.devcontainer\/(?:[^/]+\/)?devcontainer\.json)$/;

/**
 * `contracts`: every environment. `today`: `YYYY-MM-DD`.
 * @param composeFiles Relative to the root; none: the usual ones.
 */
export async function gatherFacts(
  root: string,
  contracts: readonly Contract[],
  today: string,
  composeFiles: readonly string[] = [],
): Promise<Facts> {
  const tracked = await listTracked(root);
  const folders = [
    ...new Set(contracts.flatMap((contract) => [...contract.services.values()].flatMap(folderOf))),
  ];
  const inFolders = <T>(name: string, read: (source: Source) => T): Map<string, T> =>
    new Map(
      folders.flatMap((folder) => {
        const source = readSource(root, folder === '.' ? name : `${folder}/${name}`);
        return source === undefined ? [] : [[folder, read(source)] as const];
      }),
    );
  const turbo = readFirst(root, ['turbo.json', 'turbo.jsonc']);
  return {
    today,
    compose: readComposeFiles(root, composeFiles),
    // Outside a repository the usual place is tried.
    devcontainers: [...new Set(['.devcontainer/devcontainer.json', '.devcontainer.json', ...tracked])]
      .filter((path) => DEVCONTAINER.test(path))
      .flatMap((path) => present(readSource(root, path), readDevcontainer)),
    dockerfiles: inFolders('Dockerfile', readDockerfile),
    packages: readPackages(root, [...folders, ...tracked.flatMap(packageFolder)]),
    turbo: turbo === undefined ? undefined : readTurboConfig(turbo),
    ...searchLiterals(root, tracked.filter(isScanned), searchFor(governedBy(contracts))),
  };
}

/** What decides whether a service gets its port, and little else: quick enough for every start. */
export async function gatherStartFacts(root: string, contract: Contract): Promise<Facts> {
  const folders = [...contract.services.values()].flatMap(folderOf);
  const files = await glob('**/package.json', {
    cwd: root,
    deep: 4,
    followSymbolicLinks: false,
    ignore: ['**/node_modules/**'],
  });
  const turbo = readFirst(root, ['turbo.json', 'turbo.jsonc']);
  return {
    ...NO_FACTS,
    packages: readPackages(root, [...folders, ...files.flatMap(packageFolder)]),
    turbo: turbo === undefined ? undefined : readTurboConfig(turbo),
  };
}

/** More packages than this are not looked at. */
const MAX_PACKAGES = 2_000;

const CONFIGS = ['vite.config', 'astro.config', 'webpack.config', 'webpack.dev'].flatMap((name) =>
  ['ts', 'js', 'mjs', 'mts', 'cjs', 'cts'].map((end) => `${name}.${end}`),
);

function readPackages(root: string, folders: readonly string[]): Map<string, PackageFacts> {
  const chosen = [...new Set(folders)].slice(0, MAX_PACKAGES);
  return new Map(
    chosen.flatMap((folder) => {
      const inside = (name: string): string => (folder === '.' ? name : `${folder}/${name}`);
      const source = readSource(root, inside('package.json'));
      if (source === undefined) return [];
      const readsPort = CONFIGS.some((name) => /\bPORT\b/.test(readSource(root, inside(name))?.text ?? ''));
      return [[folder, readPackage(source, readsPort)] as const];
    }),
  );
}

const packageFolder = (path: string): string[] =>
  posix.basename(path) === 'package.json' ? [posix.dirname(path)] : [];

/** Those named, relative to the root, else the usual ones. */
export function readComposeFiles(root: string, files: readonly string[]): ComposeFile[] {
  const groups = files.length === 0 ? COMPOSE_FILES : [...new Set(files)].map((file) => [file]);
  return groups.flatMap((names) => present(readFirst(root, names), readComposeFile));
}

const folderOf = (service: { readonly kind: string; readonly dir?: string }): string[] =>
  service.dir === undefined ? [] : [service.dir];

function present<T>(source: Source | undefined, read: (source: Source) => T | undefined): T[] {
  const value = source === undefined ? undefined : read(source);
  return value === undefined ? [] : [value];
}

function readFirst(root: string, names: readonly string[]): Source | undefined {
  for (const name of names) {
    const source = readSource(root, name);
    if (source !== undefined) return source;
  }
  return undefined;
}

/** Undefined for whatever is no text file of reasonable size: a link or a pipe is not followed. */
function readSource(root: string, path: string): Source | undefined {
  const file = `${root}/${path}`;
  const status = lstatSync(file, { throwIfNoEntry: false });
  if (status === undefined || !status.isFile() || status.size > MAX_SIZE) return undefined;
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch {
    return undefined;
  }
}

function searchLiterals(
  root: string,
  paths: readonly string[],
  search: Search,
): Pick<Facts, 'literals' | 'unsearched'> {
  const literals: Literal[] = [];
  let total = 0;
  let searched = 0;
  for (const path of paths) {
    if (searched === MAX_FILES || total > MAX_TOTAL) break;
    searched += 1;
    const source = readSource(root, path);
    if (source === undefined || source.text.slice(0, 8000).includes('\0')) continue;
    total += source.text.length;
    literals.push(...search(path, source));
  }
  return { literals, unsearched: paths.length - searched };
}

/** Numbers that the contract fixes, and variables in which it tells numbers. */
function governedBy(contracts: readonly Contract[]): Governed {
  const numbers = contracts.flatMap((contract) => [
    ...claimsOf(contract).map((claim) => claim.number),
    ...contract.reservations.map((reservation) => reservation.port),
  ]);
  const variables = contracts.flatMap((contract) => {
    const { plan } = planStack(contract, imagineStack(contract));
    return [...plan.services.values()].flatMap((planned) =>
      injectionsOf(planned, plan.services, contract.discovery).flatMap(({ name, means }) =>
        means.kind === 'port' && (means.attribute === 'port' || means.attribute === 'targetPort')
          ? [name]
          : [],
      ),
    );
  });
  return { numbers: new Set(numbers), variables: new Set(variables) };
}
