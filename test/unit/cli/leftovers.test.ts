/** What is told of the container engine where it cannot be asked, or was never used. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { describeDoubtful, describeGone, findInEngine } from '../../../src/cli/leftovers.ts';
import type { DaemonClient } from '../../../src/protocol/client.ts';
import { originLine } from '../../../src/stack/compose/origin.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'portramp-left-'));
  mkdirSync(join(home, 'compose'));
  vi.stubEnv('PORTRAMP_HOME', home);
  vi.stubEnv('PORTRAMP_COMPOSE', undefined);
  vi.stubEnv('DOCKER_HOST', `unix://${join(home, 'no.sock')}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

const client = { request: async () => ({ stacks: [] }) } as unknown as DaemonClient;
const override = (project: string, root: string): void =>
  writeFileSync(
    join(home, 'compose', `${project}.01234567.yaml`),
    `${originLine({ root, workspaceId: 'x', borrowed: [] })}services: {}\n`,
  );

it('is what may be left and cannot be looked for: it is not nothing', async () => {
  override('here', home);
  override('gone', join(home, 'no-such'));
  expect(await findInEngine(client)).toEqual({
    problem: expect.stringMatching(
      /^what gone left in the container engine is not known: .*no\.sock/s,
    ) as string,
  });
});

it('is nothing where all that was made is in use, and where nothing was made and there is no engine', async () => {
  override('here', home);
  expect(await findInEngine(client)).toBeUndefined();
  rmSync(join(home, 'compose'), { recursive: true });
  expect(await findInEngine(client)).toBeUndefined();
  // Nobody waits for one that is far away.
  vi.stubEnv('DOCKER_HOST', 'tcp://192.0.2.1:2375');
  expect(await findInEngine(client)).toBeUndefined();
});

it('names the command that removes it, or why it is kept and what to do', () => {
  const leftover = { project: 'shop-a', containers: [], networks: [], volumes: [{ name: 'shop-a_data' }] };
  const network = { ...leftover, networks: [{ id: 'n', name: 'shop-a_default' }] };
  expect(describeGone(leftover)).toBe(
    'shop-a is gone, and left 1 volume: "portramp clean --volumes" removes it',
  );
  expect(describeGone(network)).toBe(
    'shop-a is gone, and left 1 network, 1 volume: "portramp clean" removes it, with --volumes its data too',
  );
  expect(describeGone({ ...network, volumes: [] })).toBe(
    'shop-a is gone, and left 1 network: "portramp clean" removes it',
  );
  expect(describeDoubtful({ leftover, verdict: { kind: 'moved', to: '/w/the new' } })).toBe(
    "kept 1 volume of shop-a: its checkout moved to /w/the new; portramp dev --dir '/w/the new' goes on with it there",
  );
  expect(
    describeDoubtful({ leftover, verdict: { kind: 'unclear', why: '/w/a cannot be looked at (EACCES)' } }),
  ).toBe(
    'kept 1 volume of shop-a: /w/a cannot be looked at (EACCES); where nobody needs it, "docker compose -p shop-a down" removes it, with -v its data too',
  );
});
