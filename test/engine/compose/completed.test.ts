/** What a container waits for may be that another one has done its work. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Machine } from '../../process/workspace.ts';
import { findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const CONTRACT = `version: 1
workspace: moved
services:
  app: { compose: app }
  worker: { command: "echo works; exec sleep 1000", ports: false, consumes: [{ service: migrate, condition: completed }] }
`;

/** @param code that the migration ends with */
const composeFile = (code: number): string => `
services:
  migrate: { image: "portramp/test:1", command: [sh, -c, "sleep 1; echo moved; exit ${code}"] }
  app:
    image: portramp/test:1
    stop_signal: SIGKILL
    command: [sleep, "1000"]
    depends_on: { migrate: { condition: service_completed_successfully } }
`;

describe.skipIf(engine === undefined)('a migration in a container', () => {
  if (engine === undefined) return;
  let machine: Machine;

  beforeEach(() => {
    machine = engine.createMachine();
  });
  afterEach(async () => {
    try {
      expect(await engine.left()).toEqual([]);
    } finally {
      await machine.close();
    }
  });

  it('is waited for, by containers and processes alike', async () => {
    const stack = machine.workspace('moved', CONTRACT);
    stack.write('compose.yaml', composeFile(0));
    expect(await stack.run('check')).toMatchObject({ code: 0 });
    const dev = stack.start('dev');
    await stack.until('migrate', 'done', 60_000);
    for (const name of ['app', 'worker']) await stack.until(name, 'ready', 60_000);
    expect(dev.output.indexOf('moved')).toBeLessThan(dev.output.indexOf('works'));
    expect((await stack.run('down')).code).toBe(0);
  });

  it('that fails keeps those from starting who need it', async () => {
    const stack = machine.workspace('moved', CONTRACT);
    stack.write('compose.yaml', composeFile(4));
    stack.start('dev');
    const { failure } = await stack.until('app', 'failed', 60_000);
    expect(failure?.message).toContain('migrate');
    expect((await stack.service('migrate')).failure?.message).toBe('exited with code 4');
    expect((await stack.run('down')).code).toBe(0);
  });
});
