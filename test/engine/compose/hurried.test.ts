/** A second Ctrl-C while containers are removed: they are killed, nothing is waited for, and nothing is left half done. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { eventually } from '../../eventually.ts';
import type { Machine, Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const SLOW = `{ image: ${IMAGE}, command: [sh, -c, "trap : TERM; while :; do sleep 1; done"] }`;
const CONTRACT = `version: 1
workspace: hurried
services:
  db: { compose: db, cleanup: "echo begun > /tmp/begun; sleep 300" }
  other: { compose: other, cleanup: "echo never" }
`;

describe.skipIf(engine === undefined)('a second Ctrl-C', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let stack: Workspace;

  beforeEach(() => {
    machine = engine.createMachine();
    stack = machine.workspace('hurried', CONTRACT);
    stack.write('compose.yaml', `services: { db: ${SLOW}, other: ${SLOW} }\n`);
  });
  afterEach(async () => {
    await machine.run(['down', '--all']);
    await machine.close();
    expect(await engine.left()).toEqual([]);
  });

  it('ends the removal of containers at once, and says which cleanup there was not', async () => {
    const runner = stack.start('dev');
    for (const name of ['db', 'other']) await stack.until(name, 'ready');
    const down = stack.run('down');
    await eventually(async () =>
      expect(await docker('exec', 'hurried-db-1', 'cat', '/tmp/begun')).toBe('begun'),
    );
    runner.child.kill('SIGINT');
    await runner.prints(/once more to stop at once/);
    // Another signal: the same one within a moment would be the echo of the first.
    runner.child.kill('SIGTERM');
    expect(await runner.ended).toBe(0);
    const { code, stdout, stderr } = await down;
    expect([code, stdout]).toEqual([0, 'hurried is down\n']);
    expect(stderr).toMatch(/the cleanup of db failed: it ended with code 137/);
    expect(stderr).toContain('the cleanup of other was not run: the stack was told to end at once');
    expect(await engine.left()).toEqual([]);
  });
});
