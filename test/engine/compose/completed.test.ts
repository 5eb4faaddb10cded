/** What a container waits for may be that another one has done its work. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Machine } from '../../process/workspace.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

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

  it('that is done is not run again for those who need it: not at their start, nor when they start anew', async () => {
    const stack = machine.workspace('moved', CONTRACT);
    const rows = (): Promise<string> =>
      engine.docker('run', '--rm', '-v', 'moved_rows:/d', IMAGE, 'cat', '/d/log');
    const mount = 'volumes: [{ type: volume, source: rows, target: /d }]';
    stack.write(
      'compose.yaml',
      `
services:
  migrate: { image: "${IMAGE}", command: [sh, -c, "echo moved >> /d/log"], ${mount} }
  app:
    image: ${IMAGE}
    stop_signal: SIGKILL
    command: [sleep, "1000"]
    depends_on: { migrate: { condition: service_completed_successfully } }
  web: { image: "${IMAGE}", stop_signal: SIGKILL, command: [sleep, "1000"], depends_on: [app] }
volumes: { rows: {} }
`,
    );
    expect(await stack.run('dev', '-d')).toMatchObject({ code: 0 });
    const ids = await engine.docker('ps', '-q', '--no-trunc');
    for (const words of [
      ['restart', 'app'],
      ['stop', 'app'],
      ['start', 'app'],
      ['restart', 'web'],
    ]) {
      expect(await stack.run(...words)).toMatchObject({ code: 0 });
    }
    expect(await rows()).toBe('moved');
    // Compose knows its containers again: they are not made anew.
    expect((await engine.docker('ps', '-q', '--no-trunc')).split('\n').sort()).toEqual(
      ids.split('\n').sort(),
    );
    expect((await stack.run('down', '--volumes')).code).toBe(0);
  });
});
