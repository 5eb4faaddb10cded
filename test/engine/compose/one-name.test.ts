/** Two folders whose Compose projects have one name: neither takes what is the other's. */
import { renameSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openWorkspace, type Machine, type Workspace } from '../../process/workspace.ts';
import { IMAGE, findTestEngine } from '../engine.ts';

const engine = await findTestEngine();

const PROJECT = `
name: app
services:
  db: { image: ${IMAGE}, init: true, stop_grace_period: 0s, volumes: ["rows:/data"], command: [sleep, "1000"] }
volumes: { rows: {} }
`;

describe.skipIf(engine === undefined)('a project whose name another folder has', () => {
  if (engine === undefined) return;
  const { docker } = engine;
  let machine: Machine;
  let first: Workspace;
  let second: Workspace;

  beforeEach(() => {
    machine = engine.createMachine();
    const open = (name: string): Workspace => {
      const workspace = machine.workspace(
        name,
        `version: 1\nworkspace: ${name}\nservices: { db: { compose: db } }\n`,
      );
      workspace.write('compose.yaml', PROJECT);
      return workspace;
    };
    first = open('first');
    second = open('second');
  });
  afterEach(async () => {
    try {
      for (const each of [first, second]) await each.run('down', '--volumes');
      expect(await engine.left()).toEqual([]);
    } finally {
      await machine.close();
    }
  });

  it('is started nowhere else, and taken down by nobody else, until it is down', async () => {
    expect((await first.run('dev', '-d')).code).toBe(0);
    const running = await docker('ps', '-q', '--no-trunc');
    const { code, stderr } = await second.run('dev', '-d');
    expect(code).toBe(1);
    expect(stderr).toContain(`the containers of the Compose project "app" belong to ${first.root}`);
    expect(stderr).toContain(
      'hint: give one of the two another "name:", or remove them: docker compose -p app down',
    );
    expect((await second.run('down')).code).toBe(0);
    const data = await second.run('down', '--volumes');
    expect(data.code).toBe(1);
    expect(data.stderr).toContain(`belong to ${first.root}`);
    for (const words of [
      ['down', '-v'],
      ['stop'],
      ['kill', 'db'],
      ['rm', '-sf'],
      ['restart'],
      ['run', '--rm', 'db', 'true'],
    ]) {
      expect(await second.run('compose', ...words)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`belong to ${first.root}`),
      });
    }
    for (const words of [['ps'], ['logs'], ['images']]) {
      const shown = await second.run('compose', ...words);
      expect([shown.code, shown.stderr]).toEqual([
        0,
        expect.stringContaining(`containers of the Compose project "app" belong to ${first.root}`),
      ]);
      expect((await first.run('compose', ...words)).stderr).not.toContain('belong to');
    }
    expect(await docker('ps', '-q', '--no-trunc')).toBe(running);
    expect(await docker('volume', 'ls', '-q')).toBe('app_rows');

    expect(await first.run('down', '--volumes')).toMatchObject({ code: 0 });
    expect((await second.run('dev', '-d')).code).toBe(0);
    expect((await second.run('down')).code).toBe(0);
  });

  it('keeps its data from the other one while it is there, and finds it again where it moved to', async () => {
    expect((await first.run('dev', '-d')).code).toBe(0);
    expect((await first.run('down')).code).toBe(0);
    const refused = `the data of the Compose project "app" (app_rows) belongs to ${first.root}`;
    const started = await second.run('dev', '-d');
    expect(started).toMatchObject({ code: 1, stderr: expect.stringContaining(refused) });
    expect(started.stderr).toContain(`portramp down --volumes --dir ${first.root}`);
    await second.run('down');
    for (const words of [
      ['down', '--volumes'],
      ['compose', 'up', '-d'],
    ]) {
      expect(await second.run(...words)).toMatchObject({ code: 1, stderr: expect.stringContaining(refused) });
    }
    expect(await docker('volume', 'ls', '-q')).toBe('app_rows');

    const moved = openWorkspace(machine, `${first.root}-moved`);
    renameSync(first.root, moved.root);
    expect(await moved.run('dev', '-d')).toMatchObject({ code: 0 });
    expect(await moved.run('down', '--volumes')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('removed the volume app_rows'),
    });
  });
});

describe.skipIf(engine === undefined)(
  'projects that are called as their folders, of which two have one name',
  () => {
    if (engine === undefined) return;
    const { docker } = engine;
    let machine: Machine;

    /** The contract of `name`, whose Compose file is in its folder `infra`. */
    const openIn = (place: string, name: string): Workspace => {
      const workspace = machine.workspace(
        place,
        `version: 1\nworkspace: ${name}\ncompose: { file: infra/compose.yaml }\nservices: { db: { compose: db } }\n`,
      );
      workspace.write('infra/compose.yaml', PROJECT.replace('name: app\n', ''));
      return workspace;
    };
    const refused = {
      code: 1,
      stderr: expect.stringMatching(/of the Compose project "infra" .*belongs? to/),
    };

    beforeEach(() => {
      machine = engine.createMachine();
    });
    afterEach(async () => {
      await machine.run(['down', '--all']);
      await docker('volume', 'rm', '-f', 'infra_rows');
      await machine.close();
      expect(await engine.left()).toEqual([]);
    });

    it.each([
      ['of two repositories', (): Workspace[] => [openIn('one/shop', 'one'), openIn('two/blog', 'two')]],
      ['of one repository', (): Workspace[] => [openIn('mono/shop', 'shop'), openIn('mono/blog', 'blog')]],
      [
        'of one repository, one above the other',
        (): Workspace[] => [openIn('mono/shop', 'shop'), openIn('mono', 'mono')],
      ],
    ])('are not mixed: %s', async (name, open) => {
      if (name !== 'of two repositories')
        await openWorkspace(machine, machine.folder('mono')).git('init', '-q');
      const [first, second] = open();
      if (first === undefined || second === undefined) throw new Error('there are two');
      expect(await first.run('dev', '-d')).toMatchObject({ code: 0 });
      const running = await docker('ps', '-q', '--no-trunc');
      expect(await second.run('dev', '-d')).toMatchObject(refused);
      await second.run('down');
      expect(await docker('ps', '-q', '--no-trunc')).toBe(running);
      expect(await first.run('down')).toMatchObject({ code: 0 });
      // Its data is there still.
      expect(await second.run('dev', '-d')).toMatchObject(refused);
      await second.run('down');
      expect(await second.run('down', '--volumes')).toMatchObject(refused);
      expect(await docker('volume', 'ls', '-q')).toBe('infra_rows');
      expect(await first.run('down', '--volumes')).toMatchObject({ code: 0 });
      expect(await second.run('dev', '-d')).toMatchObject({ code: 0 });
      expect(await second.run('down', '--volumes')).toMatchObject({ code: 0 });
    });
  },
);
