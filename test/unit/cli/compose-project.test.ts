/** The project of `check` on a machine without Compose. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { readComposeProject } from '../../../src/cli/compose-project.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'portramp-project-')));
  vi.stubEnv('PORTRAMP_COMPOSE', join(root, 'no-such-compose'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

it('is told the variables of .env, and those of the shell before them', async () => {
  const ports = '["${PORTRAMP_TEST_A}:80", "${PORTRAMP_TEST_B}:81", "${PORTRAMP_TEST_C}:82"]';
  writeFileSync(
    join(root, 'compose.yaml'),
    `services: { web: { image: a, ports: ${ports}, environment: { X: "5$" } } }\n`,
  );
  writeFileSync(join(root, '.env'), 'PORTRAMP_TEST_A=8080\nPORTRAMP_TEST_B=8081\n');
  vi.stubEnv('PORTRAMP_TEST_B', '9091');
  const reading = await readComposeProject(false)(root, []);
  if (reading?.by !== 'files') throw new Error('it was not read');
  const published = reading.project.services.get('web')?.ports.map((port) => port.published);
  expect(published?.slice(0, 2)).toEqual(['8080', '9091']);
  // What nobody sets is still doubted.
  expect(reading.doubts.map(({ variables }) => variables)).toEqual([['PORTRAMP_TEST_C']]);
});
