import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { readProject, type ComposeProject } from '../../../src/compose/model.ts';
import { publicationsOf } from '../../../src/compose/publications.ts';
import { pinsOf } from '../../../src/compose/names.ts';
import { readStatically } from '../../../src/compose/static.ts';
import { resolveProject } from '../../../src/runtime/compose/resolve.ts';
import { findTestCompose } from '../../compose-binary.ts';
import { composeFile } from './generate.ts';

const binary = await findTestCompose();
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-static-')));
afterAll(() => rmSync(folder, { recursive: true }));

/** What an override is made from. */
const essence = (project: ComposeProject) => ({
  name: project.name,
  publications: publicationsOf(project).map((publication) => ({ ...publication, entry: undefined })),
  pins: pinsOf(project),
  services: [...project.services.values()].map(
    ({ name, profiles, networkMode, networks, replicas, dependsOn }) => ({
      name,
      profiles,
      networkMode,
      networks: [...networks.keys()].sort(),
      replicas,
      dependsOn: [...dependsOn.keys()].sort(),
    }),
  ),
});

const sorted = (value: ReturnType<typeof essence>) => ({
  ...value,
  services: value.services.toSorted((left, right) => (left.name < right.name ? -1 : 1)),
  publications: value.publications.toSorted((left, right) =>
    JSON.stringify(left) < JSON.stringify(right) ? -1 : 1,
  ),
  pins: value.pins.toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1)),
});

describe.skipIf(binary === undefined)('the reader for machines without Compose', () => {
  it('reads what the real Compose reads, also from two files', async () => {
    if (binary === undefined) return;
    const paths = ['base.json', 'over.json'].map((name) => join(folder, name));
    await fc.assert(
      fc.asyncProperty(fc.array(composeFile, { minLength: 1, maxLength: 2 }), async (files) => {
        // Merging can make a project that Compose refuses: then there is nothing to compare with.
        files.forEach((file, index) => writeFileSync(paths[index] ?? '', JSON.stringify(file)));
        const call = {
          binary,
          cwd: folder,
          environment: process.env,
          options: [],
          files: paths.slice(0, files.length),
          profiles: ['*'],
          projectName: 'st',
        };
        const real = await resolveProject(call).catch(() => undefined);
        fc.pre(real !== undefined);
        const { project, diagnostics } = readStatically({
          sources: files.map((file, index) => ({ file: paths[index] ?? '', text: JSON.stringify(file) })),
          variables: { ...process.env, COMPOSE_PROJECT_NAME: 'st' },
          name: 'st',
          isForced: true,
        });
        expect(diagnostics).toEqual([]);
        expect(project && sorted(essence(project))).toEqual(sorted(essence(readProject(real?.json))));
      }),
      { numRuns: 25 },
    );
  }, 180_000);
});
